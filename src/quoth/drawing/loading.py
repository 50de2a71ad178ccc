"""Pipelines of diffusers, from a folder or a hub: safetensors only, and no code but diffusers' own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quoth.checkpoints import HUB, load
from quoth.errors import MissingExtraError, ModelError, NotFoundError

if TYPE_CHECKING:
    import torch

    from quoth.drawing.diffusion import DiffusionGenerator

ADAPTER = "ip_adapter"
"""The folder of an IP-Adapter inside a pipeline's: one .safetensors file, and `image_encoder` beside it."""

_INDEX = "model_index.json"


def load_diffusion(spec: str) -> DiffusionGenerator:
    """The pipeline that `spec` names, on the GPU if torch sees one.

    Raises:
        NotFoundError: there is no pipeline in the folder.
        MissingExtraError: diffusers is not installed.
        ModelError: it is none that draws, has no weights in safetensors, or wants code of its own.
    """
    _check_installed()
    with _quiet():
        from diffusers import DiffusionPipeline

        from quoth.drawing.diffusion import DiffusionGenerator

        name, (device, dtype) = _find(spec), _place()
        pipe = load(DiffusionPipeline, name, dtype=dtype, use_safetensors=True, trust_remote_code=False)
        adapter = Path(name) / ADAPTER
        if adapter.is_dir():
            _adapt(pipe, adapter, dtype)
        return DiffusionGenerator(spec, pipe.to(device), adapts=adapter.is_dir())


@contextmanager
def _quiet() -> Iterator[None]:
    """No bars while weights are loaded, and none of the warnings that transformers has for whoever writes pipelines."""
    from diffusers.utils import logging
    from transformers.utils import logging as other_logging

    loudness = other_logging.get_verbosity()
    for one in (logging, other_logging):
        one.disable_progress_bar()
    other_logging.set_verbosity_error()
    try:
        yield
    finally:
        other_logging.set_verbosity(loudness)


def _check_installed() -> None:
    try:
        import diffusers  # noqa: F401
        import torch  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"drawing here needs diffusers ({error})", 'pip install "quoth[diffusers]"') from error


def _find(spec: str) -> str:
    """What diffusers calls the pipeline: a folder's path, or owner/repo."""
    if spec.startswith(HUB):
        return spec.removeprefix(HUB)
    folder = Path(os.path.expanduser(spec))  # noqa: PTH111, which raises for a user who does not exist
    if not (folder / _INDEX).is_file():
        raise NotFoundError(
            f"there is no model that draws in {folder}",
            f"give the folder of a diffusers pipeline (it has {_INDEX}), hf:owner/repo, or openai:MODEL",
        )
    return str(folder)


def _place() -> tuple[torch.device, torch.dtype]:
    """Where to compute, and in which numbers: bfloat16 has float32's range, which some decoders of pictures need."""
    import torch

    if not torch.cuda.is_available():
        return torch.device("cpu"), torch.float32
    return torch.device("cuda"), torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16


def _adapt(pipe: Any, folder: Path, dtype: torch.dtype) -> None:  # noqa: ANN401
    """Give the pipeline its IP-Adapter. Raises ModelError."""
    from safetensors import SafetensorError
    from transformers import CLIPVisionModelWithProjection

    weights = sorted(folder.glob("*.safetensors"))
    if len(weights) != 1 or not hasattr(pipe, "load_ip_adapter"):
        raise ModelError(
            f"{folder} holds {len(weights)} .safetensors files for a {type(pipe).__name__}",
            "put one IP-Adapter there that was made for this pipeline, or take the folder away",
        )
    # diffusers would take a pickled encoder too; one that is there already it leaves alone.
    encoder = load(CLIPVisionModelWithProjection, str(folder / "image_encoder"), dtype=dtype, use_safetensors=True)
    pipe.register_modules(image_encoder=encoder)
    try:
        pipe.load_ip_adapter(str(folder), subfolder="", weight_name=weights[0].name, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError(
            f"the IP-Adapter {weights[0]} does not fit ({reason})", "give one that was made for this pipeline"
        ) from error
