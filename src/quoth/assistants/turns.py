"""What a conversation is made of: messages, the questions they became, and what was answered from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from quoth.answer import Answer


@dataclass(frozen=True, slots=True)
class Cited:
    """Where an answer came from: `place` is for people (`line 12`, `p. 3`), `quote` verbatim, `weight` in [0, 1]."""

    document: str
    title: str
    place: str
    quote: str
    weight: float


@dataclass(frozen=True, slots=True)
class Turn:
    """A message and its answer.

    question: the stand-alone question that was retrieved with; the message itself where that stands alone.
    answer: its text; of a refusal (`abstained`) that the documents do not say it, and `sources` are what was nearest.
    confidence: in [0, 1], see `quoth.Answer`.
    time: when it was answered; None where a caller told what had been said.
    """

    message: str
    question: str
    answer: str
    abstained: bool = False
    confidence: float = 0.0
    sources: tuple[Cited, ...] = ()
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
        sources=tuple(
            Cited(s.passage.document, s.passage.title, s.passage.place, s.quote, s.weight) for s in answer.sources
        ),
        time=datetime.now().astimezone().replace(microsecond=0),
    )


def as_record(turn: Turn) -> dict[str, Any]:
    """The turn as a conversation's file holds it."""
    said = asdict(turn)
    return {"time": turn.time and turn.time.isoformat(), **{key: said[key] for key in said if key != "time"}}


def from_record(record: Mapping[str, Any]) -> Turn:
    """The turn that `as_record` wrote.

    Raises:
        KeyError, TypeError, ValueError: it is another thing.
    """
    time = record["time"]
    return Turn(
        message=_text(record["message"]),
        question=_text(record["question"]),
        answer=_text(record["answer"]),
        abstained=bool(record["abstained"]),
        confidence=float(record["confidence"]),
        sources=tuple(Cited(**source) for source in record["sources"]),
        time=time and datetime.fromisoformat(time),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
