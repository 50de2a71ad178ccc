"""The JSON shapes of what Quoth says: stable, the same for the command line and for servers.

They are documented in `docs/json.md`; a test holds them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quoth.answer import Answer, Source
    from quoth.reading import InPlace
    from quoth.store import StoredDocument
    from quoth.types import AddReport, Hit, Passage, Status

Shape = dict[str, Any]


def add_shape(report: AddReport) -> Shape:
    """`add --json`."""
    return {**asdict(report), "failed": [asdict(failure) for failure in report.failed]}


def search_shape(hits: list[Hit]) -> list[Shape]:
    """`search --json`."""
    return [
        {
            "rank": hit.rank,
            "score": hit.score,
            "prior": hit.prior,
            **passage_shape(hit.passage),
        }
        for hit in hits
    ]


def answer_shape(answer: Answer) -> Shape:
    """`ask --json`."""
    return {
        "question": answer.question,
        "answer": answer.text,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "decoding": answer.decoding,
        "tokens": [asdict(token) for token in answer.tokens],
        "sources": [_source(source) for source in answer.sources],
        "memory_weight": answer.memory_weight,
        "probability": answer.probability,
        "signals": answer.signals and asdict(answer.signals),
        "alternatives": [
            {"answer": other.text, "probability": other.probability, "source": _source(other.source)}
            for other in answer.alternatives
        ],
        "timing": asdict(answer.timing),
    }


def in_place_shape(found: InPlace) -> Shape:
    """A passage with those before and after it."""
    return {
        "passage": passage_shape(found.passage),
        "before": [passage_shape(passage) for passage in found.before],
        "after": [passage_shape(passage) for passage in found.after],
    }


def passage_shape(passage: Passage) -> Shape:
    """A passage alone."""
    return {**_place(passage), **_span(passage)}


def chat_shape(message: str, answer: Answer) -> Shape:
    """A line of `chat --json`."""
    return {"message": message, "rewritten": answer.question != message, **answer_shape(answer)}


def status_shape(status: Status) -> Shape:
    """`status --json`."""
    return asdict(status)


def documents_shape(documents: list[StoredDocument]) -> list[Shape]:
    """`documents --json`."""
    return [{**asdict(document), "groups": list(document.groups)} for document in documents]


def _place(passage: Passage) -> Shape:
    return {
        "passage_id": passage.id,
        "document": passage.document,
        "title": passage.title,
        "page": passage.page,
        "kind": passage.kind,
    }


def _span(passage: Passage) -> Shape:
    return {"start": passage.start, "end": passage.end, "text": passage.text}


def _source(source: Source) -> Shape:
    span = {"start": source.start, "end": source.end, "quote": source.quote, "weight": source.weight}
    return {**_place(source.passage), **span}
