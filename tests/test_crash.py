"""Nothing acknowledged is lost: SIGKILL at any moment leaves all that `add` reported."""

import random
import subprocess
import sys
import time
from itertools import count

import quoth
from quoth import NotFoundError, QuothError

# Each document has some five passages; every fourth step replaces an old one, every fifth removes one.
WRITER = """
import sys
from itertools import count
import quoth

kb = quoth.open(sys.argv[1])
for step in count(int(sys.argv[2])):
    name = f"document {step}"
    text = f"Step {step} begins. " + f"River {step} flows on and on. " * 150 + "The end."
    if step % 5 == 4:
        name = kb.remove(f"document {step - 4}")
        print("removed", name.split()[1], flush=True)
    elif step % 4 == 3:
        kb.add_texts([text], names=[f"document {step - 2}"])
        print("replaced", step - 2, step, flush=True)
    else:
        kb.add_texts([text], names=[name])
        print("added", step, step, flush=True)
"""


def write_and_kill(folder, first, rng):
    """The acknowledged lines of a writer that lived for a random while after its first."""
    command = [sys.executable, "-c", WRITER, str(folder), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        lines = [writer.stdout.readline()]
        time.sleep(rng.uniform(0.0, 0.8))
        writer.kill()
        # A line that was half written was not acknowledged.
        return [line for line in lines + writer.stdout.readlines() if line.endswith("\n")]


def apply(lines, expected):
    """What the lines acknowledge: document's number -> the step whose text it has. Returns the last step."""
    step = -1
    for line in lines:
        what, *numbers = line.split()
        number, step = int(numbers[0]), int(numbers[-1])
        if what == "removed":
            expected.pop(number, None)
            step = number + 4
        else:
            expected[number] = step
    return step


def contents(kb):
    """Document's number -> its text, put together from its passages."""
    passages = [hit.passage for hit in kb.search("river step end", 10_000)]
    texts = {}
    for passage in sorted(passages, key=lambda passage: (passage.document, passage.start)):
        texts.setdefault(int(passage.document.split()[1]), []).append(passage.text)
    return texts


def test_kills_lose_nothing_that_was_acknowledged(tmp_path):
    rng, expected, step = random.Random(0), {}, -1
    for _round in range(3):
        lines = write_and_kill(tmp_path / "kb", step + 1, rng)
        assert lines and lines[0], "the writer died by itself"
        step = apply(lines, expected)
        found = contents(quoth.open(tmp_path / "kb"))
        # The step after the last acknowledged one may have been committed, or not: whole in either case.
        touched = {step + 1, step - 1, step - 3}
        for number in (expected.keys() | found.keys()) - touched:
            assert number in found, f"document {number} is lost"
            assert found[number][0].startswith(f"Step {expected[number]} begins.")
        for number, texts in found.items():
            assert texts[0].startswith("Step ") and texts[-1].endswith("The end."), f"document {number} is half there"
            said = texts[0].split()[1]
            assert sum(text.count(f"River {said} flows") for text in texts) == 150
        for number in touched:
            expected.pop(number, None)
            if number in found:
                expected[number] = int(found[number][0].split()[1])
        step += 1
    kb = quoth.open(tmp_path / "kb")
    assert kb.add_texts(["And it goes on."], names=["after"]).added == 1
    assert kb.search("goes on", 10_000)[0].passage.text == "And it goes on."
    assert kb.status().documents == len(contents_without(kb, "after")) + 1


def contents_without(kb, name):
    return {hit.passage.document for hit in kb.search("river", 10_000)} - {name}


def test_a_first_add_that_dies_before_its_index_leaves_nothing_unfindable(tmp_path):
    """The lexical index is made after the commit: adding again must make up for a kill between the two."""
    (tmp_path / "tapir.txt").write_text("The zygodactyl tapir 4711 swims.", "utf-8")
    code = """if True:
        import os, sys
        from quoth.store.lance import LanceStore
        LanceStore.optimize = lambda store: os.kill(os.getpid(), 9)
        import quoth
        quoth.open(sys.argv[1]).add(sys.argv[2])
    """
    command = [sys.executable, "-c", code, str(tmp_path / "kb"), str(tmp_path / "tapir.txt")]
    assert subprocess.run(command, check=False, timeout=60).returncode == -9
    kb = quoth.open(tmp_path / "kb")
    assert kb.add(tmp_path / "tapir.txt").unchanged == 1
    assert kb._store.matching("4711", 1), "the words of what went in before the kill are not searched"


def test_a_kill_before_anything_is_there_is_no_obstacle(tmp_path):
    for delay in (0.4, 0.9):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "kb"), "0"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as writer:
            time.sleep(delay)
            writer.kill()
        try:
            quoth.open(tmp_path / "kb").search("river")
        except QuothError as error:
            assert isinstance(error, NotFoundError), error
    names = (f"after {n}" for n in count())
    assert quoth.open(tmp_path / "kb").add_texts(["It goes on."], names=[next(names)]).added == 1
