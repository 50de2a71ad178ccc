"""`openai:MODEL`: a model behind an OpenAI-compatible server, found and made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import TypeIs

from quoth.errors import MissingExtraError
from quoth.generators.base import LanguageModel
from quoth.settings import Settings

if TYPE_CHECKING:
    from quoth.generators.remote import RemoteModel

PREFIX = "openai:"


def is_remote(spec: str) -> bool:
    """Whether `spec` names a model of a server."""
    return spec.startswith(PREFIX)


def is_at_home(model: LanguageModel | RemoteModel) -> TypeIs[LanguageModel]:
    """Whether it is a model here, with its whole distribution."""
    return hasattr(model, "tokenize")


def load_remote(settings: Settings) -> RemoteModel:
    """The client for `settings.model` at `settings.server`; nothing is sent yet.

    Raises:
        MissingExtraError: the client is not installed.
        UsageError: no model is named, or the server is no URL.
        ModelError: OpenAI's server is meant and there is no key.
    """
    check_client(settings.model)
    from quoth.generators.remote import RemoteModel

    return RemoteModel(settings.model.removeprefix(PREFIX), settings.server)


def check_client(model: str) -> None:
    """Raises MissingExtraError where the client that asks for `model` is not installed."""
    try:
        import openai  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"{model} needs the openai client", 'pip install "quoth[openai]"') from error
