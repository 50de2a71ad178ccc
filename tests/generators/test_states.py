"""States on disk, without a model: what is read is what was written, or nothing; kills, bounds, broken disks."""

import os
import random
import resource
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoth.generators.state_folder import (
    HEADER,
    PART_SECONDS,
    StateFolder,
    delete_states,
    passage_digest,
    state_files,
)

MODEL = "0123456789abcdef"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "states"


@pytest.fixture
def states(folder):
    return StateFolder(folder, 1 << 20, MODEL)


def only_file(folder):
    [file] = folder.iterdir()
    return file


def age(folder, seconds):
    """As if nothing had been used for so long."""
    for file in folder.iterdir():
        used = file.stat().st_mtime - seconds
        os.utime(file, (used, used))


@given(st.binary(max_size=40), st.lists(st.integers(0, 300_000), max_size=20), st.binary(max_size=2000))
def test_what_is_put_comes_back(tmp_path_factory, passage, tokens, state):
    folder = tmp_path_factory.mktemp("kb") / "states"
    states = StateFolder(folder, 1 << 20, MODEL)
    assert states.get(passage, tuple(tokens)) is None
    assert states.put(passage, tuple(tokens), state)
    assert StateFolder(folder, 1 << 20, MODEL).get(passage, tuple(tokens)) == state
    assert states.get(passage, (*tokens, 7)) is None
    assert StateFolder(folder, 1 << 20, MODEL[::-1]).get(passage, tuple(tokens)) is None
    assert states.passages() == {passage_digest(passage)}


def test_a_passage_is_known_from_its_text_and_from_its_tokens():
    assert passage_digest(b"Passage: a\xe2\x96\x81b\n") == passage_digest(b" Passage: a b\n")
    assert passage_digest(b"Passage: ab\n") != passage_digest(b"Passage: a b\n")


@given(data=st.data())
def test_a_damaged_file_is_absent_and_goes(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("kb") / "states"
    states = StateFolder(folder, 1 << 20, MODEL)
    states.put(b"p", (1,), b"some state")
    file = only_file(folder)
    whole = file.read_bytes()
    harm = data.draw(st.sampled_from(["flip", "cut", "longer", "empty"]))
    if harm == "flip":
        place = data.draw(st.integers(0, len(whole) - 1))
        damaged = bytearray(whole)
        damaged[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
        damaged = {"cut": cut, "longer": whole + b"!", "empty": b""}[harm]
    file.write_bytes(damaged)
    assert states.get(b"p", (1,)) is None
    assert not file.exists()
    assert states.put(b"p", (1,), b"some state") and states.get(b"p", (1,)) == b"some state"


def test_a_state_under_another_name_is_foreign(states, folder):
    states.put(b"p", (1,), b"one")
    one = only_file(folder)
    states.put(b"p", (2,), b"two")
    [two] = {*folder.iterdir()} - {one}
    one.replace(two)
    assert states.get(b"p", (2,)) is None and not two.exists()


def test_other_files_are_left_alone(states, folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "odd.state").write_text("mine too")
    states.put(b"p", (1,), b"state")
    states.capacity = 0
    states.put(b"q", (1,), b"state")
    delete_states(folder, [])
    assert sorted(file.name for file in folder.iterdir()) == ["notes.txt", "odd.state"]


def test_what_was_not_used_longest_goes_first(states, folder):
    size = HEADER.size + 100
    states.capacity = 3 * size
    for n in range(3):
        states.put(b"p", (n,), bytes(100))
        age(folder, 10)
    assert states.get(b"p", (0,))
    age(folder, 10)
    states.keep(b"p", (1,), bytes(100))
    states.put(b"p", (3,), bytes(100))
    assert [states.get(b"p", (n,)) is not None for n in range(4)] == [True, True, False, True]


@given(st.integers(0, 600), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 200)), max_size=20))
def test_the_bound_holds_after_every_put(tmp_path_factory, capacity, puts):
    folder = tmp_path_factory.mktemp("kb") / "states"
    states = StateFolder(folder, capacity, MODEL)
    for n, size in puts:
        fits = HEADER.size + size <= capacity
        assert states.put(b"p", (n,), bytes(size)) == fits
        assert sum(file.size for file in state_files(folder)) <= capacity
        assert not fits or states.get(b"p", (n,)) == bytes(size)


def test_two_models_share_a_folder_and_its_bound(folder):
    one, two = (StateFolder(folder, 1000, MODEL[i:] + MODEL[:i]) for i in (0, 1))
    one.put(b"p", (1,), bytes(400))
    age(folder, 10)
    two.put(b"p", (1,), bytes(400))
    assert one.get(b"p", (1,)) and two.get(b"p", (1,))
    assert one.passages() == two.passages() == {passage_digest(b"p")}
    age(folder, 10)
    one.renew({passage_digest(b"p")})
    two.put(b"q", (2,), bytes(400))
    assert one.get(b"p", (1,)) and two.passages() == {passage_digest(b"q")}
    assert not one.is_full()
    age(folder, 10)
    one.keep(b"p", (1,), bytes(400))
    one.put(b"q", (2,), bytes(400))
    assert one.is_full()


def test_states_of_passages_that_are_gone_are_deleted(states, folder):
    for passage in (b"", b"Passage: here\n", b"Passage: gone\n"):
        states.put(passage, (1,), b"state")
    StateFolder(folder, 1 << 20, MODEL[::-1]).put(b"Passage: gone\n", (1,), b"state")
    delete_states(folder, [b"Passage: here\n"])
    assert states.passages() == {passage_digest(b""), passage_digest(b"Passage: here\n")}
    assert len(state_files(folder)) == 2


def test_without_a_folder_no_passage_is_looked_at(folder):
    delete_states(folder, (pytest.fail("looked at") for _ in range(1)))
    assert state_files(folder) == []


def test_leftovers_of_the_killed_are_swept_when_they_are_old(states, folder):
    states.put(b"p", (1,), b"state")
    left = only_file(folder).with_suffix(".0123.part")
    left.write_bytes(b"half")
    states.put(b"q", (1,), b"state")
    assert left.exists()
    age(folder, PART_SECONDS + 1)
    states.put(b"r", (1,), b"state")
    assert not left.exists() and len(state_files(folder)) == 3


def test_a_disk_that_does_not_take_it_is_no_error(states, folder):
    """The process may write no file of more than 10,000 bytes: the write fails in its middle, as on a full disk."""
    states.put(b"p", (1,), b"state")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        assert not states.put(b"q", (1,), bytes(100_000))
        states.keep(b"q", (1,), bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len([*folder.iterdir()]) == 1
    assert states.get(b"p", (1,)) == b"state" and states.get(b"q", (1,)) is None


def test_a_folder_that_is_a_file_or_has_no_parent(folder):
    for made in (folder / "deep" / "states", folder):
        states = StateFolder(made, 1000, MODEL)
        folder.parent.joinpath("states").touch()
        assert not states.put(b"p", (1,), b"state")
        assert states.get(b"p", (1,)) is None
        assert states.passages() == set() and not states.is_full()


def test_a_state_whose_time_cannot_be_renewed_is_used_all_the_same(states, monkeypatch):
    states.put(b"p", (1,), b"state")
    monkeypatch.setattr(os, "utime", lambda *_: (_ for _ in ()).throw(PermissionError))
    assert states.get(b"p", (1,)) == b"state"
    monkeypatch.setattr(states, "put", lambda *_: pytest.fail("it is there"))
    states.keep(b"p", (1,), b"state")


# Every state says whose it is, in each of its numbers.
WRITER = """
import random, sys
from pathlib import Path
from quoth.generators.state_folder import StateFolder

states = StateFolder(Path(sys.argv[1]), 3_000_000, "0123456789abcdef")
rng = random.Random(int(sys.argv[2]))
print("begins", flush=True)
while True:
    n = rng.randrange(20)
    found = states.get(b"p", (n,))
    if found is not None and found != bytes([n]) * 300_000:
        print("wrong", n, flush=True)
    states.put(b"p", (n,), bytes([n]) * 300_000)
"""


def test_kills_leave_whole_states_while_others_read_and_write(folder):
    rng = random.Random(0)
    reader = StateFolder(folder, 3_000_000, MODEL)
    for round_ in range(6):
        commands = [[sys.executable, "-c", WRITER, str(folder), str(2 * round_ + i)] for i in range(2)]
        writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
        for writer in writers:
            assert writer.stdout.readline() == "begins\n"
        end = time.monotonic() + rng.uniform(0.0, 0.2)
        while time.monotonic() < end:
            n = rng.randrange(20)
            assert reader.get(b"p", (n,)) in (None, bytes([n]) * 300_000)
        for writer in writers:
            writer.kill()
            assert writer.communicate()[0] == ""
    found = [reader.get(b"p", (n,)) for n in range(20)]
    assert any(found)
    assert all(state in (None, bytes([n]) * 300_000) for n, state in enumerate(found))
    age(folder, PART_SECONDS + 1)
    reader.put(b"p", (0,), bytes(300_000))
    files = state_files(folder)
    assert not any(file.is_part for file in files)
    assert sum(file.size for file in files) <= reader.capacity
