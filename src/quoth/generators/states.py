"""Passage states in memory: the generator's key/value cache after reading `instructions + passage`."""

from __future__ import annotations

from collections import OrderedDict

Tokens = tuple[int, ...]


class StateCache:
    """The states used last, up to `capacity` bytes; what was not used longest goes first.

    A state is keyed by all the tokens it has read, so it is reused exactly or not at all.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.size = 0
        self._states: OrderedDict[Tokens, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._states)

    def get(self, tokens: Tokens) -> bytes | None:
        """The state after `tokens`, or None if it is not kept."""
        state = self._states.get(tokens)
        if state is not None:
            self._states.move_to_end(tokens)
        return state

    def put(self, tokens: Tokens, state: bytes) -> None:
        """Keep the state after `tokens`."""
        self.size += len(state) - len(self._states.get(tokens, b""))
        self._states[tokens] = state
        self._states.move_to_end(tokens)
        while self.size > self.capacity:
            self.size -= len(self._states.popitem(last=False)[1])
