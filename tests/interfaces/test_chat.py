"""`quoth chat` as a person and as a script use it: a real terminal, a real pipe, a tiny model."""

import json
import os
import pty
import select
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from quoth import QuothError
from quoth import open as open_knowledge
from quoth.assistants.turns import Cited, Turn
from quoth.interfaces.cli.main import app
from quoth.rendering import word_of
from remote_servers import write_tiny_model

QUOTH = Path(sys.executable).with_name("quoth")
WAIT_S = 60


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A folder with a knowledge base `kb` whose model babbles on for as long as it may."""
    folder = tmp_path_factory.mktemp("chat")
    model = write_tiny_model(folder / "tiny.gguf", context=16384)
    open_knowledge(folder / "kb").add_texts(
        ["A list is a row of things.", "A set is a bag of things."], ["list", "set"]
    )
    settings = f'model = "{model}"\nmin_confidence = 0.0\nmax_tokens = 12\nthreads = 1\n'
    (folder / "kb" / "settings.toml").write_text(settings, "utf-8")
    return folder


@dataclass
class Done:
    stdout: str
    stderr: str
    error: BaseException | None


def chat(folder, text, *options, status=0):
    """`quoth chat` over a pipe, in this process; an error that ends it is what it raised."""
    done = CliRunner().invoke(app, ["chat", "--kb", str(folder / "kb"), *options], input=text)
    error = None if isinstance(done.exception, SystemExit) else done.exception
    assert done.exit_code == status and (error is None or isinstance(error, QuothError)), done
    return Done(done.stdout, done.stderr, error)


def test_lines_of_a_pipe_are_messages(tiny):
    done = chat(tiny, "What is a list?\n\nand a set?\n/undo\n/help\n/quit\nnever read\n")
    assert "> What is a list?" in done.stdout
    assert "searching for: What is a set (a list)?" in done.stdout
    assert "forgotten: and a set?" in done.stdout and "/why WORD" in done.stdout
    assert "never read" not in done.stdout and done.stderr == ""
    assert not (tiny / "kb" / "conversations").exists()
    raw = chat(tiny, "What is a list?\nand a set?\n", "--no-rewrite")
    assert "searching for" not in raw.stdout


def test_json_is_a_line_for_each_message(tiny):
    done = chat(tiny, "What is a list?\nand a set?\n" + "word " * 501 + "\n", "--json", status=1)
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert (first["message"], first["question"], first["rewritten"]) == ("What is a list?", "What is a list?", False)
    assert (second["message"], second["rewritten"]) == ("and a set?", True)
    assert second["question"] == "What is a set (a list)?"
    assert {"answer", "tokens", "sources", "confidence"} <= set(second)
    assert set(third) == {"message", "error"} and third["error"]["cause"] and third["error"]["cure"]
    [line] = done.stderr.splitlines()
    assert line.startswith("quoth: ")


def test_errors_are_said_and_it_goes_on(tiny):
    done = chat(tiny, "/nonsense\n/why\n/sources\n/why x\n/open ../x\n/delete none\nWhat is a list?\n", status=1)
    assert len(done.stderr.splitlines()) == 6
    assert "confidence" in done.stdout or "do not say" in done.stdout


def test_a_conversation_is_named_gone_on_with_listed_and_deleted(tiny):
    chat(tiny, "What is a list?\n", "lists")
    done = chat(tiny, "and a set?\n/sources\n/open other\n/list\nWhat is a set?\n/delete other\n", "lists")
    assert "searching for: What is a set (a list)?" in done.stdout
    kept = (tiny / "kb" / "conversations" / "lists.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["message"] for line in kept] == ["What is a list?", "and a set?"]
    [row] = json.loads(chat(tiny, "", "--list", "--json").stdout)
    assert (row["name"], row["turns"], row["first"]) == ("lists", 2, "What is a list?")
    assert "What is a list?" in chat(tiny, "", "--list").stdout
    assert "no conversations" in chat(tiny, "", "--delete", "lists").stdout
    chat(tiny, "What is a list?\n", "--file", str(tiny / "mine.jsonl"))
    assert (tiny / "mine.jsonl").exists()
    assert "give one of them" in str(chat(tiny, "", "a", "--file", "b.jsonl", status=1).error)
    assert "there is no conversation" in str(chat(tiny, "", "--delete", "lists", status=1).error)


def test_a_conversation_that_is_gone_on_with_knows_where_its_words_came_from(tiny):
    cited = Cited("5d2c", "/docs/list.md", "Lists", "line 3", "a row of\nthings", 10, 26, 0.7)
    said = (word_of("a", (0.2, 0.8)), word_of(" row.", (0.9, 0.1)))
    turn = Turn("What is a list?", "What is a list?", "a row.", sources=(cited,), memory_weight=0.3, words=said)
    open_knowledge(tiny / "kb").conversations.open("known").append(turn)
    shown, _, why = chat(tiny, "/sources\n/why Row\n", "known").stdout.partition("> /why Row\n")
    assert "a [*] row. [1]" in shown and "  1  70%  Lists, line 3" in shown and "“a row of things”" in shown
    assert why.splitlines()[1:3] == ["  1  90%  Lists, line 3", "           “a row of things”"]
    assert "  *  10%  the model's memory" in why


def test_what_a_kill_broke_is_said(tiny):
    chat(tiny, "What is a list?\n", "--file", str(tiny / "cut.jsonl"))
    file = tiny / "cut.jsonl"
    file.write_bytes(file.read_bytes() + b'{"time": "20')
    assert "broken" in chat(tiny, "and a set?\n", "--file", str(tiny / "cut.jsonl")).stderr
    assert len(file.read_text("utf-8").splitlines()) == 2


class Terminal:
    """`quoth chat` in a pseudo-terminal."""

    def __init__(self, folder, *options):
        self.id, self.master = pty.fork()
        if not self.id:
            os.chdir(folder)
            os.execve(
                QUOTH, [str(QUOTH), "chat", "--kb", "kb", *options], {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
            )
        self.seen = ""

    def press(self, key, text):
        """Press a key until `text` is there: between its prompt and its waiting, readline lets a Ctrl-C lie."""
        for _ in range(WAIT_S):
            self.write(key)
            if self.has(text, 1):
                break
        self.until(text)

    def until(self, text):
        """Read until `text` is there, and forget what was before."""
        assert self.has(text, WAIT_S), f"no {text!r} in {self.seen!r}"
        before, _, self.seen = self.seen.partition(text)
        return before

    def has(self, text, seconds):
        """Whether `text` comes within this time."""
        end = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self.master], [], [], max(0.0, end - time.monotonic()))
            if not ready:
                return False
            try:
                self.seen += os.read(self.master, 65536).decode("utf-8", "replace")
            except OSError:  # Linux: the other side is closed
                raise AssertionError(f"it ended without {text!r}: {self.seen!r}") from None
        return True

    def write(self, text):
        os.write(self.master, text.encode())

    def status(self):
        """The exit status, when it has ended."""
        while True:
            try:
                if not os.read(self.master, 65536):
                    break
            except OSError:
                break
        return os.waitstatus_to_exitcode(os.waitpid(self.id, 0)[1])

    def close(self):
        os.close(self.master)


@pytest.fixture
def terminal(tiny):
    made = []

    def start(*options):
        made.append(Terminal(tiny, *options))
        return made[-1]

    yield start
    for one in made:
        one.close()


def test_ctrl_c_stops_the_answer_and_not_the_chat(tiny, terminal):
    settings = tiny / "kb" / "settings.toml"
    before = settings.read_text("utf-8")
    settings.write_text(before.replace("max_tokens = 12", "max_tokens = 3000"), "utf-8")
    try:
        chat = terminal("endless", "--decoding", "token")
        chat.until("kept in")
        chat.until("> ")
        for _ in range(3):
            chat.write("What is a list?\r")
            chat.until("comparing")
            time.sleep(0.3)
            chat.write("\x03")
            chat.until("stopped")
            chat.until("> ")
    finally:
        settings.write_text(before, "utf-8")
    chat.write("/list\r")
    chat.until("> ")
    chat.press("\x03", "Ctrl-D ends")
    chat.until("> ")
    chat.write("\x04")
    assert chat.status() == 0
    assert not (tiny / "kb" / "conversations" / "endless.jsonl").exists()


def test_a_person_is_told_where_it_is_kept_and_can_go_on(tiny, terminal):
    chat = terminal("mine", "--decoding", "token")
    chat.until("mine.jsonl")
    chat.until("> ")
    chat.write("What is a list?\r")
    chat.until("> ")
    chat.write("/why zebra\r")
    chat.until("has no word")
    chat.write("/quit\r")
    assert chat.status() == 0
    again = terminal("mine")
    again.until("1 turns so far")
    again.write("\x1b[A")  # the arrow up brings the last message back
    again.until("What is a list?")
    os.kill(again.id, signal.SIGKILL)
    assert again.status() == -signal.SIGKILL
