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
    from quoth.types import AddReport, Box, Hit, Passage, Status
    from quoth.writing import Writing
    from quoth.writing.text import Sentence, Share

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
            "region": hit.region and _edges(hit.region),
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


def asked_shape(line: int, name: str, answer: Answer) -> Shape:
    """A line of `ask --file FILE --json`: `line` and `id` are those of the question."""
    return {"line": line, "id": name, **answer_shape(answer)}


def writing_shape(text: Writing) -> Shape:
    """`write --json`."""
    report = text.report
    return {
        "title": text.title,
        "brief": text.brief,
        "generator": text.generator,
        "markdown": text.markdown,
        "sections": [
            {"heading": section.heading, "sentences": [_sentence(one) for one in section.sentences]}
            for section in text.sections
        ],
        "report": {
            **_share(report.whole),
            "sections": [{"heading": heading, **_share(share)} for heading, share in report.sections],
            "dropped": list(report.dropped),
            "empty": list(report.empty),
            "notes": list(report.notes),
        },
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


def _sentence(sentence: Sentence) -> Shape:
    return {
        "text": sentence.text,
        "supported": sentence.supported,
        "verbatim": sentence.verbatim,
        "memory": sentence.memory,
        "sources": [_source(source) for source in sentence.sources],
    }


def _share(share: Share) -> Shape:
    return {**asdict(share), "by_document": dict(share.by_document)}


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


def _edges(box: Box) -> list[float]:
    return [box.left, box.top, box.right, box.bottom]


def _span(passage: Passage) -> Shape:
    return {"start": passage.start, "end": passage.end, "text": passage.text}


def _source(source: Source) -> Shape:
    span = {"start": source.start, "end": source.end, "quote": source.quote, "weight": source.weight}
    boxes = [asdict(line) for line in source.boxes]
    return {**_place(source.passage), **span, "seen": source.seen, "boxes": boxes}
