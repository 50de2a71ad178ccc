"""Quoth answers questions from your own documents, and shows where every word of the answer came from.

    import quoth

    kb = quoth.open("my-knowledge")
    kb.add("documents/")
    print(kb.ask("What is a decorator?"))
"""

from quoth.answer import Answer, Source, Timing, Token
from quoth.assistants.ask import AnswerStream
from quoth.errors import (
    DocumentError,
    IncompatibleError,
    MissingExtraError,
    ModelError,
    NotFoundError,
    QuothError,
    SettingsError,
    StoreError,
    UsageError,
)
from quoth.knowledge import KnowledgeBase
from quoth.knowledge import open_knowledge_base as open
from quoth.settings import Settings
from quoth.types import AddReport, Document, Failure, Hit, Passage, Status

__all__ = [
    "AddReport",
    "Answer",
    "AnswerStream",
    "Document",
    "DocumentError",
    "Failure",
    "Hit",
    "IncompatibleError",
    "KnowledgeBase",
    "MissingExtraError",
    "ModelError",
    "NotFoundError",
    "Passage",
    "QuothError",
    "Settings",
    "SettingsError",
    "Source",
    "Status",
    "StoreError",
    "Timing",
    "Token",
    "UsageError",
    "open",
]
