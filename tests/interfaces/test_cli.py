"""The real `quoth`, as a person or a script starts it: from the first file to the answer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from one_thread import on_one_thread
from quoth import open as open_knowledge
from quoth.interfaces.cli.main import app

QUOTH = Path(sys.executable).with_name("quoth")
COMMANDS = [
    ["add"],
    ["ask"],
    ["chat"],
    ["search"],
    ["status"],
    ["documents"],
    ["remove"],
    ["eval", "retrieval"],
    ["eval", "qa"],
]
COMMANDS += [["key", "create"], ["key", "list"], ["key", "revoke"]]


def quoth(*arguments, cwd, status=0, **environment):
    command = [QUOTH, *map(str, arguments)]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, cwd=cwd, env={**os.environ, **environment}
    )
    assert done.returncode == status, done
    assert "Traceback" not in done.stderr
    return done


def one_line(done):
    """What was said of an error: one line on stderr, nothing on stdout."""
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.startswith("quoth: ")
    return line


def test_from_a_folder_to_an_answer_and_back(tmp_path):
    on_one_thread(tmp_path / ".quoth")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tapir.md").write_text("# Tapirs\n\nThe tapir weighs 300 kilograms.\n", "utf-8")
    (tmp_path / "docs" / "bad.pdf").write_bytes(b"%PDF-1.4 rubbish")
    added = quoth("add", "docs", cwd=tmp_path, status=1)
    assert "1 added: 1 passages" in added.stdout
    assert "bad.pdf" in added.stderr
    answer = json.loads(quoth("ask", "How much does the tapir weigh?", "--json", cwd=tmp_path).stdout)
    assert "300" in answer["answer"]
    assert answer["sources"][0]["document"] == str(tmp_path / "docs" / "tapir.md")
    assert "removed" in quoth("remove", "tapir.md", cwd=tmp_path).stdout
    assert json.loads(quoth("status", "--json", cwd=tmp_path).stdout)["documents"] == 0


def test_errors_are_one_line_and_a_status(tmp_path):
    line = one_line(quoth("ask", "x", "--kb", "none", cwd=tmp_path, status=2))
    assert "no knowledge base" in line and "quoth add" in line
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "quoth.json").write_text("{")
    assert "rm -r" in one_line(quoth("status", QUOTH_KB=str(tmp_path / "kb"), cwd=tmp_path, status=1))
    line = one_line(quoth("ask", "x", "--decoding", "a\nb", "--kb", "kb2", cwd=tmp_path, status=2))
    assert "concat-best-first" in line
    assert not (tmp_path / "none").exists()
    assert "No such command" in quoth("nonsense", cwd=tmp_path, status=2).stderr


def test_names_and_texts_that_no_terminal_can_show_do_not_stop_it(tmp_path):
    with open(os.path.join(os.fsencode(tmp_path), b"caf\xe9.txt"), "wb") as file:
        file.write(b"text")
    (tmp_path / "snow ☃.txt").write_text("A snowman ☃ melts.", "utf-8")
    report = quoth("add", "--json", "--kb", "kb", ".", cwd=tmp_path, status=1).stdout
    assert json.loads(report)["added"] == 1
    assert json.loads(report)["failed"][0]["path"].endswith("caf\udce9.txt")
    quoth("search", "--kb", "kb", "snowman", cwd=tmp_path, PYTHONIOENCODING="ascii")


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    (tmp_path / "a.txt").write_text("Some text. " * 3000)
    open_knowledge(tmp_path / "kb").add(tmp_path / "a.txt")
    script = f"set -o pipefail; '{QUOTH}' search -k 100 --json --kb kb text | head -c 10"
    done = subprocess.run(["bash", "-c", script], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_each_command_has_an_example_in_its_help(command):
    help_ = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200"})
    assert help_.exit_code == 0
    assert f"Example: quoth {' '.join(command)}" in help_.stdout
    assert "--json" in help_.stdout


def test_help_lists_every_command_and_the_version_is_the_packages():
    help_ = CliRunner().invoke(app, ["--help"]).stdout
    assert all(command[0] in help_ for command in COMMANDS)
    from importlib.metadata import version

    assert CliRunner().invoke(app, ["--version"]).stdout.strip() == version("quoth")


def test_the_shell_completes():
    environment = {"_QUOTH_COMPLETE": "complete_bash", "COMP_WORDS": "quoth sea", "COMP_CWORD": "1"}
    done = subprocess.run([QUOTH], check=False, capture_output=True, text=True, env={**os.environ, **environment})
    assert done.stdout.split() == ["search"]
