"""What the tools give back: their descriptions are part of the schema that an assistant reads."""

from __future__ import annotations

from pydantic import BaseModel, Field

from quoth.interfaces.http.replies import HitReply, InPlaceReply, SourceReply

__all__ = ["Documents", "Hits", "InPlaceReply", "Listed", "Said"]


class Hits(BaseModel):
    """Passages and pictures that were found, best first."""

    hits: list[HitReply]


class Said(BaseModel):
    """An answer from the documents, or that they do not say it."""

    question: str
    answer: str
    abstained: bool = Field(description="True: the documents do not say it; the sources are what is nearest.")
    confidence: float = Field(description="The calibrated probability that the answer is right, 0 to 1.")
    memory_weight: float = Field(description="The share that came from the model's memory, not from documents, 0 to 1.")
    sources: list[SourceReply] = Field(description="By weight; quote is verbatim from the document.")


class Listed(BaseModel):
    """A document."""

    document: str = Field(description="Its name.")
    title: str
    passages: int


class Documents(BaseModel):
    """A page of the list of documents, by name."""

    total: int = Field(description="How many there are in all.")
    documents: list[Listed]
    collections: list[str] = Field(description="All collections; the first is the default.")
