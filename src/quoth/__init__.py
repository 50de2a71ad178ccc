"""Quoth answers questions from your own documents, and shows where every word of the answer came from.

    import quoth

    kb = quoth.open("my-knowledge")
    kb.add("documents/")
    print(kb.ask("What is a decorator?"))

The names below are all that is public. Each is loaded when it is first used, so that `import quoth` and
`quoth --help` answer at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quoth.answer import Answer as Answer
    from quoth.answer import Source as Source
    from quoth.answer import Timing as Timing
    from quoth.answer import Token as Token
    from quoth.assistants.ask import AnswerStream as AnswerStream
    from quoth.assistants.batch import Unanswered as Unanswered
    from quoth.assistants.chat import Chat as Chat
    from quoth.assistants.chat import ChatStream as ChatStream
    from quoth.assistants.rag_model import rag_model as rag_model
    from quoth.assistants.turns import Turn as Turn
    from quoth.errors import DocumentError as DocumentError
    from quoth.errors import IncompatibleError as IncompatibleError
    from quoth.errors import MissingExtraError as MissingExtraError
    from quoth.errors import ModelError as ModelError
    from quoth.errors import NotFoundError as NotFoundError
    from quoth.errors import QuothError as QuothError
    from quoth.errors import SettingsError as SettingsError
    from quoth.errors import StoreError as StoreError
    from quoth.errors import UsageError as UsageError
    from quoth.knowledge import KnowledgeBase as KnowledgeBase
    from quoth.knowledge import open as open
    from quoth.origin import Origin as Origin
    from quoth.settings import Settings as Settings
    from quoth.sources.wanted import Feed as Feed
    from quoth.sources.wanted import ModelAnswers as ModelAnswers
    from quoth.sources.wanted import Rows as Rows
    from quoth.sources.wanted import Sitemap as Sitemap
    from quoth.store.base import StoredDocument as StoredDocument
    from quoth.types import AddReport as AddReport
    from quoth.types import Document as Document
    from quoth.types import Failure as Failure
    from quoth.types import Hit as Hit
    from quoth.types import Passage as Passage
    from quoth.types import Status as Status
    from quoth.types import WarmReport as WarmReport
    from quoth.writing import Outline as Outline
    from quoth.writing import Writing as Writing
    from quoth.writing import WritingStream as WritingStream
    from quoth.writing import read_outline as read_outline

_MODULES = {
    "answer": ("Answer", "Source", "Timing", "Token"),
    "assistants.ask": ("AnswerStream",),
    "assistants.batch": ("Unanswered",),
    "assistants.chat": ("Chat", "ChatStream"),
    "assistants.rag_model": ("rag_model",),
    "assistants.turns": ("Turn",),
    "errors": (
        "DocumentError",
        "IncompatibleError",
        "MissingExtraError",
        "ModelError",
        "NotFoundError",
        "QuothError",
        "SettingsError",
        "StoreError",
        "UsageError",
    ),
    "knowledge": ("KnowledgeBase", "open"),
    "origin": ("Origin",),
    "settings": ("Settings",),
    "sources.wanted": ("Feed", "ModelAnswers", "Rows", "Sitemap"),
    "store.base": ("StoredDocument",),
    "types": ("AddReport", "Document", "Failure", "Hit", "Passage", "Status", "WarmReport"),
    "writing": ("Outline", "Writing", "WritingStream", "read_outline"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> object:
    """A public name, from the module that has it (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module 'quoth' has no attribute {name!r}")
    return getattr(import_module(f"quoth.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
