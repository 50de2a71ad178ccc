"""The contract of a retriever."""

from __future__ import annotations

from typing import Protocol

from quoth.types import Hit


class Retriever(Protocol):
    """Finds passages for a question."""

    def retrieve(self, question: str, k: int) -> list[Hit]:
        """At most k hits, best first, ranks from 1; their `log_prior` has log-sum-exp 0.

        Deterministic; no hits if the store is empty.
        """
