"""How often a key may ask: a token bucket for each."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from quoth.access.keys import Key

_MINUTE = 60.0


class Rates:
    """Counts the requests of keys, in memory: each process that serves counts for itself. Threads may share it.

    A bucket holds a minute's requests and fills evenly, so who was silent may ask that many at once, and nobody more
    than twice that many in any minute.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` tells the time in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: Key) -> float:
        """Count a request; 0.0 if it may go on, else the seconds after which the key may ask again."""
        if not key.per_minute:
            return 0.0
        now = self._clock()
        with self._lock:
            held, since = self._buckets.get(key.digest, (float(key.per_minute), now))
            held = min(float(key.per_minute), held + (now - since) * key.per_minute / _MINUTE)
            allowed = held >= 1
            self._buckets[key.digest] = (held - allowed, now)
        return 0.0 if allowed else (1 - held) * _MINUTE / key.per_minute
