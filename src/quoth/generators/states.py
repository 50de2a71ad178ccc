"""Passage states in memory: the generator's key/value cells of a passage, read after the instructions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

Tokens = tuple[int, ...]


class StateCache:
    """The states used last, up to `capacity` bytes; what was not used longest goes first.

    A state is keyed by the tokens that were read before it and in it: it is reused exactly or not at all. Any number
    of threads may use it.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._states: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._states)

    def get(self, key: Hashable) -> bytes | None:
        """The state, or None if it is not kept."""
        with self._lock:
            state = self._states.get(key)
            if state is not None:
                self._states.move_to_end(key)
            return state

    def put(self, key: Hashable, state: bytes) -> None:
        """Keep a state."""
        with self._lock:
            self.size += len(state) - len(self._states.get(key, b""))
            self._states[key] = state
            self._states.move_to_end(key)
            while self.size > self.capacity:
                self.size -= len(self._states.popitem(last=False)[1])
