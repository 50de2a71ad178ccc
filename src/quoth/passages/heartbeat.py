"""Signs of life from long work: the parser's limit of time is one of silence, not of a whole scanned book."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[], None]] = []


def on_beat(listener: Callable[[], None]) -> None:
    """Call `listener` at every sign of life from now on."""
    _listeners.append(listener)


def beat() -> None:
    """Give one: a part of bounded size is done, and more may come."""
    for listener in _listeners:
        listener()
