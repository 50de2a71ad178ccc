"""Generators: a language model as probabilities."""

from __future__ import annotations

from quoth.generators.base import LanguageModel, Prompt, Reading
from quoth.generators.models import describe_model, find_model
from quoth.generators.torch_runtime import is_checkpoint, load_checkpoint
from quoth.settings import Settings

__all__ = ["LanguageModel", "Prompt", "Reading", "describe_model", "load_generator"]


def load_generator(settings: Settings) -> LanguageModel:
    """The generator that `settings.model` names: a GGUF file, or a checkpoint of `transformers`.

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

    return LlamaModel(find_model(settings.model), settings.threads, state_bytes)
