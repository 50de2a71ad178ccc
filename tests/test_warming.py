"""Passage states in a knowledge base: warmed, used, bounded, and gone with their passages. The real default model."""

import os
import signal
import subprocess
import sys
import time

import pytest

import quoth
from quoth import StoreError, UsageError
from quoth.generators import state_files

TEXTS = ["The mill burned in 1901.", "Ada Holm built the lighthouse.", "The tapir weighs 300 kilograms."]


@pytest.fixture
def make(tmp_path, gemma, monkeypatch):
    """A knowledge base of three passages whose model is the loaded one, if it may be loaded at all."""

    def make_(may_load=True, **settings):
        kb = quoth.open(tmp_path / "kb", **settings)
        if not (tmp_path / "kb").exists():
            kb.add_texts(TEXTS, names=["mill", "lighthouse", "tapir"])
        if may_load:
            monkeypatch.setattr(gemma.bodies, "heads", {})
            monkeypatch.setattr(gemma.bodies, "cache", type(gemma.bodies.cache)(0))
            monkeypatch.setattr(gemma.bodies, "folder", quoth.knowledge.open_states(kb.settings, kb.folder / "states"))
            kb._model = gemma
        else:
            monkeypatch.setattr("quoth.engine.load_generator", lambda *_: pytest.fail("the model was loaded"))
        return kb

    return make_


def reads(gemma, monkeypatch):
    """The lengths of what is read from now on."""
    bodies = type(gemma.bodies)
    lengths, read = [], bodies._read
    monkeypatch.setattr(bodies, "_read", lambda b, s, h, t, i: (lengths.append(len(t)), read(b, s, h, t, i))[1])
    return lengths


def test_what_is_warm_is_not_read_again(make, gemma, monkeypatch):
    kb = make()
    told = []
    report = kb.warm(lambda done, total: told.append((done, total)))
    assert (report.written, report.kept, report.left_out) == (3, 0, 0)
    assert told == [(0, 3), (1, 3), (2, 3)]
    status = kb.status()
    assert status.states == 4  # that of the instructions too
    assert 0 < status.state_bytes < status.bytes
    kb = make(may_load=False)
    report = kb.warm()
    assert (report.written, report.kept, report.left_out) == (0, 3, 0)
    kb = make()
    lengths = reads(gemma, monkeypatch)
    assert "300" in kb.ask("How many kilograms does the tapir weigh?").text
    assert lengths == []


def test_answers_do_not_depend_on_what_is_kept(make):
    question = "Who built the lighthouse?"
    cold = make().ask(question)
    assert make().status().states == 4
    assert make().ask(question).tokens == cold.tokens
    for file in state_files(make().folder / "states"):
        file.path.write_bytes(file.path.read_bytes()[:-1] + b"!")
    assert make().ask(question).tokens == cold.tokens
    never = make(state_disk_megabytes=0)
    assert never.ask(question).tokens == cold.tokens


def test_states_go_with_their_passages(make):
    kb = make()
    kb.warm()
    kb.remove("tapir")
    assert kb.status().states == 3
    kb.add_texts(["The mill burned in 1902."], names=["mill"])
    assert kb.status().states == 2
    assert kb.add_texts(["Ada Holm built the lighthouse."], names=["again"]).added == 1
    kb.remove("lighthouse")  # its text is still there, in another document
    assert kb.status().states == 2


def test_warm_after_add_is_in_the_report(make, tmp_path):
    (tmp_path / "river.txt").write_text("The Danube flows through ten countries.", "utf-8")
    kb = make()
    assert kb.add(tmp_path / "river.txt").warm is None
    report = kb.add(tmp_path / "river.txt", warm=True)
    assert report.unchanged == 1
    assert (report.warm.written, report.warm.kept) == (4, 0)


def test_the_bound_is_reached_and_said(make):
    make().add_texts([f"Lamp {n} is lit by nobody." for n in range(8)])
    kb = make(state_disk_megabytes=1)  # some five short passages; the instructions are larger
    report = kb.warm()
    assert report.written > 1 and report.left_out > 1 and report.written + report.left_out == 11
    assert kb.status().state_bytes <= 1 << 20
    kb = make(may_load=False, state_disk_megabytes=1)
    assert kb.warm().left_out == report.left_out


def test_another_kind_of_state_is_another_state(make):
    make().warm()
    report = make(state_type="q8").warm()
    assert report.kept == 0


def test_a_folder_that_cannot_be_written_costs_speed_and_no_answer(make):
    kb = make()
    (kb.folder / "states").write_text("a file stands in its place")
    assert "300" in kb.ask("How many kilograms does the tapir weigh?").text
    assert kb.status().states == 0
    with pytest.raises(StoreError, match="states cannot be kept"):
        kb.warm()


def test_a_generator_that_keeps_none_says_so(make):
    with pytest.raises(UsageError, match="no passage states"):
        make(may_load=False, state_disk_megabytes=0).warm()
    with pytest.raises(UsageError, match="no passage states"):
        make(may_load=False, model="openai:some").warm()


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_warming_that_is_stopped_goes_on_where_it_was(make, stop):
    kb = make()
    kb.add_texts([f"Lamp {n} is lit. " * 12 for n in range(8)])
    code = "import quoth, sys; quoth.open(sys.argv[1], threads=1).warm(lambda done, _: print(done, flush=True))"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, str(kb.folder)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as warming:
        while warming.stdout.readline() != "2\n":
            pass
        time.sleep(0.1)
        warming.send_signal(stop)
    report = make().warm()
    assert report.kept >= 2 and report.written + report.kept == 11
