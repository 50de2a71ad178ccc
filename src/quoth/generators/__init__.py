"""Generators: a language model as probabilities."""

from __future__ import annotations

from quoth.generators.base import LanguageModel, Prompt, Reading
from quoth.generators.models import describe_model, find_model
from quoth.settings import Settings

__all__ = ["LanguageModel", "Prompt", "Reading", "describe_model", "load_generator"]


def load_generator(settings: Settings) -> LanguageModel:
    """The generator that `settings.model` names.

    Raises:
        NotFoundError: there is no such file.
        ModelError: the file is not a model that the runtime can load.
    """
    # The runtime takes most of a second to import: only who generates pays for it.
    from quoth.generators.llama import LlamaModel

    return LlamaModel(find_model(settings.model), settings.threads, settings.state_megabytes << 20)
