"""What a conversation is made of: messages, the questions they became, and what was answered from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from quoth.answer import Answer, Source
from quoth.rendering import Word, full_title, word_of, words


@dataclass(frozen=True, slots=True)
class Cited:
    """Where an answer came from: `passage` is its id, `place` is for people (`line 12`, `p. 3`).

    `quote` is verbatim, `document.text[start:end]`; `weight` in [0, 1].
    """

    passage: str
    document: str
    title: str
    place: str
    quote: str
    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A message and its answer.

    question: the stand-alone question that was retrieved with; the message itself where that stands alone.
    answer: its text; of a refusal (`abstained`) that the documents do not say it, and `sources` are what was nearest.
    confidence: in [0, 1], see `quoth.Answer`.
    memory_weight: the share of the model's memory, in [0, 1].
    sources: by weight, highest first.
    words: the answer's, each with its posterior over the sources and, last, the memory, to three digits; none of a
        refusal, nor where a caller told what had been said.
    time: when it was answered; None where a caller told what had been said.
    """

    message: str
    question: str
    answer: str
    abstained: bool = False
    confidence: float = 0.0
    memory_weight: float = 0.0
    sources: tuple[Cited, ...] = ()
    words: tuple[Word, ...] = ()
    time: datetime | None = None

    @property
    def rewritten(self) -> bool:
        """Whether the question is another than the message."""
        return self.question != self.message


def turn_of(message: str, answer: Answer) -> Turn:
    """The turn that ends now, with what of its answer is worth keeping."""
    return Turn(
        message=message,
        question=answer.question,
        answer=answer.text,
        abstained=answer.abstained,
        confidence=answer.confidence,
        memory_weight=answer.memory_weight,
        sources=tuple(map(_cited, answer.sources)),
        words=tuple(word_of(one.text, tuple(round(p, 3) for p in one.posterior)) for one in words(answer)),
        time=datetime.now().astimezone().replace(microsecond=0),
    )


def _cited(source: Source) -> Cited:
    passage = source.passage
    return Cited(
        passage=passage.id,
        document=passage.document,
        title=full_title(passage),
        place=passage.place,
        quote=source.quote,
        start=source.start,
        end=source.end,
        weight=source.weight,
    )


def as_record(turn: Turn) -> dict[str, Any]:
    """The turn as a conversation's file holds it."""
    return {
        "time": turn.time and turn.time.isoformat(),
        "message": turn.message,
        "question": turn.question,
        "answer": turn.answer,
        "abstained": turn.abstained,
        "confidence": turn.confidence,
        "memory_weight": turn.memory_weight,
        "sources": [asdict(source) for source in turn.sources],
        "words": [{"text": word.text, "posterior": word.posterior} for word in turn.words],
    }


def from_record(record: Mapping[str, Any]) -> Turn:
    """The turn that `as_record` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is another thing.
    """
    time = record["time"]
    sources = tuple(Cited(**source) for source in record["sources"])
    return Turn(
        message=_text(record["message"]),
        question=_text(record["question"]),
        answer=_text(record["answer"]),
        abstained=bool(record["abstained"]),
        confidence=float(record["confidence"]),
        memory_weight=float(record["memory_weight"]),
        sources=sources,
        words=tuple(_word(word, len(sources)) for word in record["words"]),
        time=time and datetime.fromisoformat(time),
    )


def _word(record: Mapping[str, Any], sources: int) -> Word:
    posterior = tuple(float(share) for share in record["posterior"])
    if len(posterior) != sources + 1:
        raise ValueError(f"{record!r} has {len(posterior)} shares for {sources} sources and the memory")
    return word_of(_text(record["text"]), posterior)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
