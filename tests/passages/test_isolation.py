import os
import signal
import subprocess
import sys
import time

import pytest

from quoth.errors import DocumentError
from quoth.passages import Parsed, Parser
from quoth.types import Document


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{n}.txt" for n in range(6)]
    for path in paths:
        path.write_text(f"words of {path.stem}")
    return paths


def texts(answers):
    return [a.document.text if isinstance(a, Parsed) else a.cause for _, a in answers]


def test_files_come_back_in_order_with_their_passages(files):
    with Parser() as parser:
        answers = list(parser.parse_many(files))
    assert [path for path, _ in answers] == files
    assert texts(answers) == [f"words of {n}" for n in range(6)]
    assert all(a.passages[0].text == a.document.text for _, a in answers)


def test_a_bad_file_stops_nothing(files):
    files[2].write_bytes(b"\0\1" * 100)
    files[4].unlink()
    with Parser() as parser:
        answers = texts(parser.parse_many(files))
        assert parser.parse(files[0]).document.text == "words of 0"
        with pytest.raises(DocumentError):
            parser.parse(files[2])
    assert "binary" in answers[2]
    assert "cannot be read" in answers[4]
    assert [a for a in answers if a.startswith("words")] == [
        "words of 0",
        "words of 1",
        "words of 3",
        "words of 5",
    ]


def test_documents_are_split_too():
    with Parser(max_tokens=10) as parser:
        assert len(parser.parse(Document("d", "t", "Some words here. " * 10, "text/plain", "0")).passages) > 2


def test_a_crash_is_reported_and_the_rest_goes_on(files):
    with Parser() as parser:
        answers = parser.parse_many(files)
        assert isinstance(next(answers)[1], Parsed)
        # Stopped, it cannot have answered the last files; killed, it never will.
        os.kill(parser._worker.pid, signal.SIGKILL)
        rest = texts(answers)
    assert sum("SIGKILL" in text for text in rest) <= 1
    assert sum(text.startswith("words") for text in rest) >= 4
    assert rest[-1] == "words of 5"


def test_a_hang_is_reported_and_the_rest_goes_on(tmp_path, files):
    # A pipe that nobody writes to: reading it waits for ever.
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    with Parser(seconds=1.5) as parser:
        answers = texts(parser.parse_many([files[0], pipe, files[1]]))
    assert answers[0] == "words of 0"
    assert "longer than 2 s" in answers[1]
    assert answers[2] == "words of 1"


def test_too_much_memory_is_reported(tmp_path, files):
    resource = pytest.importorskip("resource")
    if sys.platform != "linux":
        pytest.skip(f"{resource} does not limit address space here")
    huge = tmp_path / "huge.txt"
    with huge.open("wb") as file:
        file.truncate(3 << 30)
    with Parser(memory=2 << 30) as parser:
        answers = texts(parser.parse_many([huge, files[0]]))
    assert "memory" in answers[0]
    assert answers[1] == "words of 0"


def test_leaving_early_leaves_no_answers_behind(files):
    with Parser() as parser:
        for _ in parser.parse_many(files):
            break
        assert parser.parse(files[5]).document.text == "words of 5"


def test_the_process_ends_with_its_parent(files):
    code = "from quoth.passages import Parser\nwith Parser() as p: print(p._worker.pid, flush=True), input()"
    pipe = subprocess.PIPE
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=pipe, stdin=pipe, text=True)
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    for _ in range(100):
        if not _runs(worker):
            return
        time.sleep(0.05)
    pytest.fail("the worker outlives its parent")


def _runs(pid):
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def test_the_doors_import_no_parser():
    code = (
        "import sys, quoth.sources, quoth.passages\n"
        "print({'xberg', 'pypdfium2', 'semantic_text_splitter', 'lxml', 'tokenizers'} & set(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_modules_in_the_current_folder_are_not_ours(tmp_path, files, monkeypatch):
    for name in ("json", "types", "quoth"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    with Parser() as parser:
        assert parser.parse(files[0]).document.text == "words of 0"
