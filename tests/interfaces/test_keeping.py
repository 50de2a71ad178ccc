"""Files that came over HTTP or by the page: nothing is lost to a kill, nor to another process that starts."""

import signal
import subprocess
import sys

import pytest

import quoth
from quoth.interfaces.keeping import Incoming, keep, sweep

# Dies, for good, before the n-th time that a file changes its place; else between the exchange and the commit.
DYING = """
import os, signal, sys
from pathlib import Path
import quoth
from quoth.interfaces.keeping import Incoming, keep, sweep

base, uploads, left = quoth.open(sys.argv[1]), Path(sys.argv[1]) / "uploads", int(sys.argv[3])
replace = Path.replace

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def counted(file, target):
    global left
    left -= 1
    return replace(file, target) if left else die()

Path.replace = counted
if sys.argv[2] == "sweep":
    sweep(base)
else:
    with Incoming(uploads) as incoming:
        for name in ("known.md", "stranger.md", "new.md"):
            incoming.new(name).write_text(f"Another {name}.")
        keep(base, incoming, uploads, die if sys.argv[2] == "before" else lambda d, t, passages: passages and die())
"""


def die(base, what, left=0):
    command = [sys.executable, "-c", DYING, str(base.folder), what, str(left)]
    assert subprocess.run(command, check=False, timeout=60).returncode == -signal.SIGKILL


@pytest.fixture
def base(tmp_path):
    """Of its uploads the knowledge base has one, and does not know of the other."""
    base = quoth.open(tmp_path / "kb")
    uploads = base.folder / "uploads"
    uploads.mkdir(parents=True)
    (uploads / "known.md").write_text("A known file.")
    base.add(uploads / "known.md")
    (uploads / "stranger.md").write_text("A stranger.")
    return base


def texts(base):
    uploads = base.folder / "uploads"
    return {path.name: path.read_text() for path in uploads.iterdir() if path.is_file()}


def left_of(base):
    return [path for path in (base.folder / "uploads" / ".incoming").rglob("*") if path.name != "lock"]


BEFORE = {"known.md": "A known file.", "stranger.md": "A stranger."}


def test_a_kill_before_the_commit_undoes_the_exchange(base):
    # The note, then each but the new file goes away and its successor comes.
    for left in (0, *range(1, 7)):
        die(base, "before", left)
        sweep(base)
        assert texts(base) == BEFORE
        assert left_of(base) == []
    assert base.add(base.folder / "uploads" / "known.md").unchanged == 1


def test_a_sweep_that_is_killed_is_done_again(base):
    die(base, "before")
    for _ in range(4):
        assert texts(base) != BEFORE
        die(base, "sweep", 2)
    sweep(base)
    assert texts(base) == BEFORE
    assert left_of(base) == []


def test_a_kill_after_the_commit_keeps_the_new_files(base):
    die(base, "after")
    sweep(base)
    assert texts(base) == {name: f"Another {name}." for name in ("known.md", "stranger.md", "new.md")}
    assert left_of(base) == []


def test_what_a_living_process_receives_is_not_swept(base):
    code = """if True:
        import sys
        from pathlib import Path
        from quoth.interfaces.keeping import Incoming
        incoming = Incoming(Path(sys.argv[1]))
        incoming.new("a.md").write_text("words")
        print("received", flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", code, str(base.folder / "uploads")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        sweep(base)
        assert [path.name for path in left_of(base) if path.is_file()].count("a.md") == 1
        other.kill()
    sweep(base)
    assert left_of(base) == []


def test_what_cannot_be_placed_takes_nothing_away(base):
    uploads = base.folder / "uploads"
    with Incoming(uploads) as incoming:
        for name in ("known.md", "gone.md", "stranger.md"):
            incoming.new(name).write_text("Another.")
        incoming.files[1].unlink()
        with pytest.raises(FileNotFoundError):
            keep(base, incoming, uploads, lambda *_: None)
    assert texts(base) == BEFORE
    assert left_of(base) == []


def test_two_do_not_keep_at_once(base):
    uploads = base.folder / "uploads"

    def meanwhile(*_):
        with Incoming(uploads) as second, pytest.raises(quoth.StoreError, match="another process"):
            second.new("known.md").write_text("The second.")
            keep(base, second, uploads, lambda *_: None)
        sweep(base)

    with Incoming(uploads) as incoming:
        incoming.new("known.md").write_text("The first.")
        assert keep(base, incoming, uploads, meanwhile).updated == 1
    assert texts(base)["known.md"] == "The first."
    assert left_of(base) == []
