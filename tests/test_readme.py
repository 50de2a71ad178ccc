"""The README's examples run, in order and in one folder, as they stand there.

Python blocks run in one interpreter; console blocks (```console, ```sh, ```bash) run where they call
`quoth`, lines with or without `$ `. A block under the comment `<!-- not run -->` is a visible skip.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from one_thread import on_one_thread

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"^(?P<mark><!-- not run -->\n)?```(?P<kind>python|console|sh|bash)\n(?P<code>.*?)^```", re.M | re.S)
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = [(README.count("\n", 0, b.start()) + 1, b["kind"], b["code"], bool(b["mark"])) for b in BLOCK.finditer(README)]


def commands(code):
    """The calls of quoth in a console block; a backslash at the end of a line goes on in the next."""
    lines = [line.removeprefix("$ ").strip() for line in code.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith("quoth ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme")
    for name in ("examples", "docs"):
        if (ROOT / name).exists():
            (folder / name).symlink_to(ROOT / name)
    (folder / "documents").symlink_to(ROOT / "examples" / "documents")
    for name in (".quoth", "my-knowledge"):
        on_one_thread(folder / name)
    return folder


def run(command, folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, timeout=300, env={**os.environ, "PATH": path}
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_there_are_examples():
    assert any(kind == "python" for _, kind, _, _ in BLOCKS)
    assert any(commands(code) for _, kind, code, _ in BLOCKS if kind != "python")


@pytest.mark.parametrize(("line", "kind", "code", "marked"), BLOCKS, ids=[f"line {block[0]}" for block in BLOCKS])
def test_an_example_runs(line, kind, code, marked, folder):
    if marked:
        pytest.skip(f"README line {line} says: not run")
    if kind == "python":
        run([sys.executable, "-c", code], folder)
        return
    if not commands(code):
        pytest.skip(f"README line {line} calls no quoth")
    for command in commands(code):
        run(shlex.split(command, comments=True), folder)
