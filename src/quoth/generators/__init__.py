"""Generators: a language model as probabilities."""

from __future__ import annotations

from pathlib import Path

from quoth.generators.base import Image, LanguageModel, Prompt, Reader, Reading, Stop
from quoth.generators.greedy import greedy
from quoth.generators.models import describe_model, find_model, find_projector
from quoth.generators.remote_loading import is_remote
from quoth.generators.state_folder import StateFolder, delete_states, passage_digest, picture_name, state_files
from quoth.generators.torch_runtime import is_checkpoint, load_checkpoint
from quoth.settings import Settings

__all__ = [
    "Image",
    "LanguageModel",
    "Prompt",
    "Reader",
    "Reading",
    "StateFolder",
    "Stop",
    "delete_states",
    "describe_model",
    "greedy",
    "load_generator",
    "open_states",
    "passage_digest",
    "picture_name",
    "sees",
    "state_files",
]


def load_generator(settings: Settings, states: Path | None = None) -> LanguageModel:
    """The generator that `settings.model` names: a GGUF file, or a checkpoint of `transformers`.

    A GGUF model keeps its passage states in the folder `states`, if one is given.

    Raises:
        NotFoundError: there is no such file.
        MissingExtraError: the model needs torch, which is not installed.
        ModelError: the file is not a model that the runtime can load.
    """
    state_bytes = settings.state_megabytes << 20
    if is_checkpoint(settings.model):
        return load_checkpoint(settings.model, settings.threads, state_bytes)
    # The runtime takes most of a second to import: only who generates pays for it.
    from quoth.generators.llama import LlamaModel

    file, projector = _files(settings)
    folder = _open_states(settings, states, file, projector)
    return LlamaModel(file, settings.threads, state_bytes, folder, settings.state_type, projector)


def sees(settings: Settings) -> bool:
    """Whether a GGUF model with a projector is meant, without loading it. Raises as `load_generator`."""
    if is_remote(settings.model) or is_checkpoint(settings.model):
        return False
    return _files(settings)[1] is not None


def open_states(settings: Settings, folder: Path | None) -> StateFolder | None:
    """The states on disk that `settings.model` can use, without loading it; None where it keeps none.

    Raises:
        NotFoundError: there is no such model.
        ModelError: its file cannot be read.
    """
    if is_remote(settings.model) or is_checkpoint(settings.model):
        return None
    return _open_states(settings, folder, *_files(settings))


def _files(settings: Settings) -> tuple[Path, Path | None]:
    """A GGUF model's, and that with which it looks at pictures, if there is one; a hub is asked for its own."""
    file = find_model(settings.model)
    return file, find_projector(settings.projector, file)


def _open_states(settings: Settings, folder: Path | None, file: Path, projector: Path | None) -> StateFolder | None:
    if folder is None or not settings.state_disk_megabytes:
        return None
    from quoth.generators.llama_identity import state_identity

    identity = state_identity(file, settings.state_type, projector)
    return StateFolder(folder, settings.state_disk_megabytes << 20, identity)
