"""What a llama.cpp state depends on beside its tokens, as a digest; known without loading the model."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

import llama_cpp

from quoth.errors import ModelError
from quoth.generators.llama_batches import BATCH
from quoth.types import StateType

BLOCKS, BLOCK_BYTES = 64, 65536


def state_identity(model: Path, state_type: StateType, projector: Path | None = None) -> str:
    """16 hexadecimal digits: of the model's files, the runtime, the processor, the parameters, and Quoth's version.

    Another processor adds in another order, and Quoth's version stands for its instructions.

    Raises:
        ModelError: a file of the model's cannot be read.
    """
    parts = [
        fingerprint(model),
        version("quoth"),
        version("llama-cpp-python"),
        llama_cpp.llama_print_system_info().decode(),
        f"cells {state_type}, batch {BATCH}, swa_full, flash attention",
    ]
    parts += [fingerprint(projector)] if projector else []
    return hashlib.blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()


def fingerprint(file: Path) -> str:
    """A digest of a file's size and of 64 blocks spread evenly over it, the first and the last among them.

    It reads 4 MB of any file: enough to tell models and their quantisations from each other, whose weights
    differ everywhere; the header is in the first block.

    Raises:
        ModelError: the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    try:
        with file.open("rb") as opened:
            size = opened.seek(0, 2)
            digest.update(size.to_bytes(8, "little"))
            last = max(0, size - BLOCK_BYTES)
            for n in range(BLOCKS):
                opened.seek(last * n // (BLOCKS - 1))
                digest.update(opened.read(BLOCK_BYTES))
    except OSError as error:
        raise ModelError(f"{file} cannot be read ({error})", "check its rights") from error
    return digest.hexdigest()
