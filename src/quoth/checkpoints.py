"""Checkpoints of `transformers` and `diffusers`, all alike: where they are, and what goes wrong in loading them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quoth.errors import MissingExtraError, ModelError

HUB = "hf:"


def check_installed() -> None:
    """Raises MissingExtraError where torch or transformers is not installed."""
    try:
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            f"this model needs torch and transformers ({error})", 'pip install "quoth[torch]"'
        ) from error


def load(kind: type[Any], name: str, **options: object) -> Any:  # noqa: ANN401, neither has types
    """`kind.from_pretrained`, with its many errors as one; a folder is never looked up on the hub.

    Raises:
        ModelError: what `name` names is not there or is not of this kind.
    """
    from safetensors import SafetensorError

    try:
        return kind.from_pretrained(name, local_files_only=Path(name).is_dir(), **options)
    except (
        OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError, SafetensorError,
    ) as error:  # fmt: skip
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(
            f"{kind.__module__.partition('.')[0]} cannot load {name} ({reason})",
            "check that it is a whole checkpoint, and the network",
        ) from error
