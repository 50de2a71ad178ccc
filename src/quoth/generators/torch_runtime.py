"""Checkpoints of `transformers`, loaded: where torch sees a GPU in their own numbers there, else float32 on the CPU."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quoth.checkpoints import HUB, check_installed, load
from quoth.errors import NotFoundError, TooLongError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

    from quoth.generators.torch_causal import CausalModel
    from quoth.generators.torch_seq2seq import Seq2SeqModel


def is_checkpoint(spec: str) -> bool:
    """Whether `spec` names a `transformers` checkpoint: a folder, or `hf:owner/repo` without a file."""
    if spec.startswith(HUB):
        return spec.count("/") == 1 and not spec.endswith("/")
    return bool(spec) and Path(os.path.expanduser(spec)).is_dir()  # noqa: PTH111


def load_checkpoint(spec: str, threads: int = 0, state_bytes: int = 512 << 20) -> CausalModel | Seq2SeqModel:
    """The language model in a folder or at the hub; an encoder-decoder where its config says so.

    Raises:
        NotFoundError: the folder holds no config.json.
        MissingExtraError: torch or transformers is not installed.
        ModelError: it is not a language model that `transformers` can load.
    """
    check_installed()
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    from quoth.generators.torch_causal import CausalModel
    from quoth.generators.torch_seq2seq import Seq2SeqModel

    if threads:
        torch.set_num_threads(threads)
    name = find_checkpoint(spec)
    config = load(AutoConfig, name)
    tokenizer = load(AutoTokenizer, name)
    if config.is_encoder_decoder:
        return Seq2SeqModel(load_model(AutoModelForSeq2SeqLM, name), tokenizer)
    return CausalModel(load_model(AutoModelForCausalLM, name), tokenizer, state_bytes)


def find_checkpoint(spec: str) -> str:
    """What `transformers` calls the checkpoint: a folder's path, or owner/repo.

    Raises:
        NotFoundError: the folder holds no config.json.
    """
    if spec.startswith(HUB):
        return spec.removeprefix(HUB)
    folder = Path(os.path.expanduser(spec))  # noqa: PTH111
    if not (folder / "config.json").is_file():
        raise NotFoundError(
            f"there is no model in {folder}", "give a GGUF file, or a transformers checkpoint's folder with config.json"
        )
    return str(folder)


def load_model(kind: type[Any], name: str, **options: object) -> PreTrainedModel:
    """A model, ready to compute: see `load`."""
    import torch
    from transformers.utils import logging

    logging.disable_progress_bar()  # loading takes a second or two, and a command's output is its answer
    device = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else torch.device("cpu")
    dtype = torch.float32 if device.type == "cpu" else "auto"
    return load(kind, name, dtype=dtype, **options).to(device).eval()


def check_length(tokens: int, most: int) -> None:
    """Raises ModelError for a text of more tokens than the model has positions for."""
    if tokens > most:
        raise TooLongError(
            f"a text of {tokens} tokens, the model reads {most}",
            "ask a shorter question, or use a model that reads more",
        )


def name_of(model: PreTrainedModel) -> str:
    """What people call a loaded checkpoint, with its numbers: `flan-t5-small float32`."""
    path = str(model.config.name_or_path)
    short = Path(path).name if Path(path).is_dir() else path
    return f"{short or model.config.model_type} {str(model.dtype).removeprefix('torch.')}"


def ends_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> list[int]:
    """The tokens that end what the model says, as its generation config and its tokenizer name them."""
    named = model.generation_config.eos_token_id if model.generation_config else None
    ends = named if isinstance(named, list) else [named]
    return [token for token in [*ends, tokenizer.eos_token_id] if token is not None]
