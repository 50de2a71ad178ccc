"""A way in that asks for no key: for whoever can reach it, so closed where there are keys."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from quoth.access.keys import Keys
from quoth.errors import UsageError


class Keyless:
    """Closed from the first key on, also if that is made while it is in use, and when the last is revoked too."""

    def __init__(self, folders: Sequence[Path], instead: str) -> None:
        """`folders` are those of the knowledge bases behind it; `instead` says what to do where it is closed."""
        self._keys = [(folder, Keys(folder)) for folder in folders]
        self._instead = instead
        self._locked: Path | None = None

    def check(self) -> None:
        """Ask before each use.

        Raises:
            UsageError: a knowledge base has keys, which would be passed by.
            StoreError: its keys cannot be read.
        """
        self._locked = self._locked or next((folder for folder, keys in self._keys if keys.all()), None)
        if self._locked:
            raise UsageError(f"{self._locked} has keys, and this way in asks for none", self._instead)
