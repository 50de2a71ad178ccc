"""What our own routes answer, for the OpenAPI document: the shapes of `quoth.interfaces.shapes`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

PassageId = Field(
    description="16 hexadecimal digits; ask `/passages/{passage_id}` for it.", examples=["5d2c8a19e0b7f364"]
)
Weight = Field(ge=0, le=1.000001, description="Its share in the answer; with `memory_weight` they sum to 1.")


class ErrorBody(BaseModel):
    """An error."""

    message: str = Field(description="The cause and the cure.")
    type: str = Field(examples=["invalid_request_error"])
    param: str | None = Field(description="The field that is wrong, where it is one.")
    code: str | None
    cause: str = Field(examples=["there is no document '0123456789abcdef'"])
    cure: str = Field(examples=["GET /documents lists them"])


class ErrorReply(BaseModel):
    """What any error answers, in the shape that clients of OpenAI read."""

    error: ErrorBody


class Place(BaseModel):
    """Which passage, and where it is. Pages count from 1 and are null for formats without pages."""

    passage_id: str = PassageId
    document: str = Field(description="The document's name.", examples=["/home/me/notes.md"])
    title: str
    page: int | None
    kind: Literal["text", "image"]


class Span(Place):
    """A passage with its text; offsets are in characters of its document's text."""

    start: int
    end: int
    text: str


class HitReply(Span):
    """A passage that was found. `score`: higher is nearer. `prior`: p(z|x) over the hits, they sum to 1."""

    rank: int
    score: float
    prior: float
    region: list[float] | None = Field(
        description="The part of a picture that is nearest, if it is not the whole: left, top, right, bottom, 0 to 1."
    )


class BoxReply(BaseModel):
    """A rectangle on a page, or on a picture (`page` is null): edges from 0 to 1, from the top left corner."""

    page: int | None
    left: float
    top: float
    right: float
    bottom: float


class LineReply(BaseModel):
    """Where the characters `start` to `end` of a quote stand."""

    start: int
    end: int
    box: BoxReply


class SourceReply(Place):
    """A passage behind an answer; `quote` is its words that say it best, verbatim."""

    start: int
    end: int
    quote: str
    weight: float = Weight
    seen: bool = Field(description="A picture that the model looked at.")
    boxes: list[LineReply] = Field(description="Of the quoted lines that were read from a picture or a scanned page.")


class TokenReply(BaseModel):
    """A piece of an answer."""

    text: str
    logprob: float = Field(description="Natural logarithm, under the mixture.")
    posterior: list[float] = Field(
        description="Its probability of coming from each source, in their order, then from the model's memory."
    )


class AlternativeReply(BaseModel):
    """Another answer that was found."""

    answer: str
    probability: float
    source: SourceReply


class TimingReply(BaseModel):
    """Seconds since the question was asked."""

    retrieve_s: float
    first_token_s: float
    total_s: float


class AnswerReply(BaseModel):
    """An answer with its whole provenance; the fields are explained in docs/json.md."""

    question: str
    answer: str
    abstained: bool = Field(description="The documents do not say it.")
    confidence: float
    decoding: str
    tokens: list[TokenReply]
    sources: list[SourceReply]
    memory_weight: float = Weight
    probability: float
    signals: dict[str, float] | None
    alternatives: list[AlternativeReply]
    timing: TimingReply


class DocumentReply(BaseModel):
    """A document that is in the collection."""

    id: str = Field(description="16 hexadecimal digits of its name.", examples=["9b1f0c2d3e4a5b6c"])
    name: str = Field(examples=["/home/me/notes.md"])
    title: str
    digest: str = Field(description="SHA-256 of its bytes when it went in.")
    passages: int
    groups: list[str] = Field(description="Of yours, those that may see it; without any everybody may.")
    trust: float = Field(description="What the prior of its passages is multiplied by.")
    origin: dict[str, str] = Field(description="Where it came from, when, by what right; empty is what is not known.")


class DocumentsReply(BaseModel):
    """A page of the list, by name."""

    total: int = Field(description="How many there are in all.")
    documents: list[DocumentReply]


class FailureReply(BaseModel):
    """Why something did not go in, and what to do."""

    path: str
    cause: str
    cure: str


class JobReply(BaseModel):
    """How far a job is. `done` and `total` count documents, `passages` those written so far."""

    id: str
    kind: Literal["add", "remove"]
    collection: str
    state: Literal["waiting", "working", "done", "failed"]
    documents: list[str]
    done: int
    total: int
    passages: int
    added: int
    updated: int
    unchanged: int
    removed: int
    failed: list[FailureReply]
    created: float = Field(description="Seconds since 1970.")
    finished: float | None


class InPlaceReply(BaseModel):
    """A passage with its neighbours, in the order of the document."""

    passage: Span
    before: list[Span]
    after: list[Span]


class HealthReply(BaseModel):
    """The server lives."""

    status: Literal["ok"]
    version: str


Errors: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorReply, "description": "Wrong use: the message says what to do."},
    "5XX": {"model": ErrorReply, "description": "A failure here: the message says what it is."},
}
