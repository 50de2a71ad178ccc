"""The errors of Quoth: one shallow tree, so that one `except QuothError` catches what is ours.

    QuothError                  anything that Quoth itself reports
    ├── UsageError              a question, an option or an argument that makes no sense
    │   ├── SettingsError       an unknown or impossible setting
    │   └── NotFoundError       no such file, document or knowledge base
    ├── DocumentError           one document could not be read; the others are not concerned
    ├── StoreError              the knowledge base could not be read or written
    │   └── IncompatibleError   made by another version or with another encoder
    ├── ModelError              a model could not be loaded, or refused its input
    │   └── TooLongError        a question that is longer, with its passages, than the model reads
    ├── BusyError               too many questions wait already
    ├── StoppedError            an answer or a job was given up
    └── MissingExtraError       an optional part is not installed

Every error says what happened and, in `cure`, what to do.
"""

from __future__ import annotations


class QuothError(Exception):
    """What happened, with the value found (`cause`), and what to do about it (`cure`)."""

    def __init__(self, cause: str, cure: str = "") -> None:
        self.cause = cause
        self.cure = cure
        super().__init__(f"{cause}; {cure}" if cure else cause)

    def __reduce__(self) -> tuple[type[QuothError], tuple[str, str]]:
        """Survive the way back from the parser's process."""
        return type(self), (self.cause, self.cure)


class UsageError(QuothError):
    """A question, an option or an argument that makes no sense. Exit status 2."""


class SettingsError(UsageError):
    """A setting that does not exist or cannot have this value."""


class NotFoundError(UsageError):
    """No such file, document or knowledge base."""


class DocumentError(QuothError):
    """One document could not be read. The others go in."""


class StoreError(QuothError):
    """The knowledge base could not be read or written."""


class IncompatibleError(StoreError):
    """The knowledge base was made by another version or with another encoder."""


class ModelError(QuothError):
    """A model could not be loaded, or refused its input."""


class TooLongError(ModelError):
    """A question that is longer, with its passages, than the model reads."""


class BusyError(QuothError):
    """Too many questions wait already; `retry_after` says in how many seconds there may be room."""

    def __init__(self, cause: str, cure: str = "", retry_after: float = 1.0) -> None:
        self.retry_after = retry_after
        super().__init__(cause, cure)


class StoppedError(QuothError):
    """An answer or a job was given up before its end, by who had asked for it or as the server ends."""


class MissingExtraError(QuothError):
    """An optional part is not installed; the cure names the pip command."""
