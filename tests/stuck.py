"""Tests that wait for other threads: never longer than `STUCK` seconds, and never for a guessed time."""

import threading

STUCK = 60


def until(condition):
    """Wait for another thread to come to a place."""
    for _ in range(STUCK * 1000):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("stuck")
