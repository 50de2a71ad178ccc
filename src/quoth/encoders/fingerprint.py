"""Which weights these are: the version of an encoder whose files say none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# A part is digested by one thread: SHA-256 reads 0.8 GB/s on one core, and some weights have gigabytes.
PART = 16 << 20
_DIGITS = 12


def fingerprint(files: Sequence[Path]) -> str:
    """Twelve digits from all bytes of these files, in this order; their names and places do not count."""
    parts = [(file, start) for file in files for start in range(0, file.stat().st_size, PART)]
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(_digest, parts))
    return hashlib.sha256(b"".join(digests)).hexdigest()[:_DIGITS]


def _digest(part: tuple[Path, int]) -> bytes:
    path, start = part
    with path.open("rb") as file:
        file.seek(start)
        return hashlib.sha256(file.read(PART)).digest()
