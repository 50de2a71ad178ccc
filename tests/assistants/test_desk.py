"""Places and a queue: bounds, turns, who is sent away, who leaves."""

import threading
from contextlib import ExitStack, contextmanager

import pytest

from quoth.assistants.desk import Desk
from quoth.errors import BusyError, StoppedError
from quoth.generators import Stop
from stuck import STUCK, until


@contextmanager
def queued(desk, *clients, stop=None):
    """These wait, in this order, while the block runs; yields where they note that they were served."""
    served, threads = [], []

    def ask(name):
        try:
            with desk.place(name[0], stop):
                served.append(name)
        except (BusyError, StoppedError) as error:
            served.append((name, type(error)))

    for name in clients:
        before = desk.waiting
        threads.append(threading.Thread(target=ask, args=(name,), daemon=True))
        threads[-1].start()
        until(lambda before=before: desk.waiting == before + 1)
    yield served
    for thread in threads:
        thread.join(STUCK)
        assert not thread.is_alive(), "stuck"
    assert (desk.taken, desk.waiting) == (0, 0)


def full(desk):
    """All its places taken, until the stack is closed."""
    stack = ExitStack()
    for _ in range(desk._at_once):
        stack.enter_context(desk.place("other"))
    return stack


def test_clients_take_turns():
    """Who asked five times first does not make the others wait for all five."""
    desk = Desk(at_once=1, waiting=10)
    stack = full(desk)
    with queued(desk, "a1", "a2", "a3", "b1", "b2", "c1") as served:
        stack.close()
    assert served == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_beyond_the_queue_one_is_busy():
    desk = Desk(at_once=2, waiting=2)
    stack = full(desk)
    with queued(desk, "a1", "b1") as served:
        with pytest.raises(BusyError, match="2 questions are being answered and 2 wait") as raised, desk.place("c"):
            pass
        assert raised.value.retry_after >= 1
        assert f"{raised.value.retry_after} seconds" in raised.value.cure
        stack.close()
    assert sorted(served) == ["a1", "b1"]


def test_without_a_queue():
    desk = Desk(at_once=1, waiting=0)
    with desk.place("a"), pytest.raises(BusyError), desk.place("b"):
        pass
    with desk.place("b"):
        assert desk.taken == 1
    assert desk.taken == 0


def test_nobody_fills_the_queue_for_the_others():
    """The last of who has most waiting goes for a newcomer; a newcomer of his own does not."""
    desk = Desk(at_once=1, waiting=3)
    stack = full(desk)
    with queued(desk, "a1", "a2", "a3") as served:
        with pytest.raises(BusyError), desk.place("a"):
            pass
        late = threading.Thread(target=lambda: served.append("b1") if _served(desk, "b") else None, daemon=True)
        late.start()
        until(lambda: served == [("a3", BusyError)])
        with pytest.raises(BusyError), desk.place("b"):
            pass
        stack.close()
        late.join(STUCK)
    assert served[1:] == ["a1", "b1", "a2"]


def _served(desk, client):
    with desk.place(client):
        return True


def test_who_hangs_up_while_he_waits_leaves_the_queue():
    desk, stop = Desk(at_once=1, waiting=2), Stop()
    stack = full(desk)
    with queued(desk, "a1", stop=stop) as served:
        stop.set()
        until(lambda: served == [("a1", StoppedError)])
        assert desk.waiting == 0
        stack.close()


def test_an_error_gives_the_place_back():
    desk = Desk(at_once=1, waiting=0)
    with pytest.raises(KeyError), desk.place("a"):
        raise KeyError
    with desk.place("a"):
        pass


def test_many_threads():
    desk, together, lock = Desk(at_once=3, waiting=100), [], threading.Lock()

    def ask(n):
        for _ in range(20):
            with desk.place(f"client {n % 4}"), lock:
                together.append(desk.taken)

    threads = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(STUCK)
    assert len(together) == 240 and max(together) <= 3
    assert (desk.taken, desk.waiting) == (0, 0)
