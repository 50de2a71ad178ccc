"""The real `quoth serve`, as a person starts and ends it."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

QUOTH = Path(sys.executable).with_name("quoth")


def serve(*options, **more):
    return subprocess.Popen(
        [QUOTH, "serve", *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more
    )


def refused(*options, cwd):
    with serve(*options, cwd=cwd) as server:
        out, err = server.communicate(timeout=60)
    assert server.returncode == 2
    assert out == ""
    [line] = err.splitlines()
    return line


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_it_says_where_it_is_and_ends(tmp_path, how):
    with serve("--port", "0", "--kb", tmp_path / "a", "--kb", tmp_path / "b" / "a") as server:
        said = server.stderr.readline()
        url = said.split()[3].rstrip(",")
        assert "curl" in server.stderr.readline()
        assert httpx.get(f"{url}/health").json()["status"] == "ok"
        names = [one["id"] for one in httpx.get(f"{url}/v1/models").json()["data"]]
        assert names == ["quoth", "a", "a-2"]
        server.send_signal(how)
        out, err = server.communicate(timeout=30)
    assert (out, "Traceback" in err) == ("", False)
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    assert list(tmp_path.iterdir()) == []


def test_others_are_not_served_without_keys(tmp_path):
    line = refused("--host", "0.0.0.0", "--port", "0", "--kb", "kb", cwd=tmp_path)
    assert "quoth key create" in line


def test_a_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = refused("--port", str(taken.getsockname()[1]), "--kb", "kb", cwd=tmp_path)
    assert "choose another --port" in line
