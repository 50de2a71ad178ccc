"""The values that pass between the stages: small, frozen, with units and directions.

Glossary (the field's words; DESIGN names their papers): question `x`, passage `z`, answer `y`,
retriever prior `p(z|x)`, null passage = the prompt without a passage (what the model says from memory),
provenance = the posterior of each answer token over the passages and the null passage.

Offsets are in characters (Python `str` indices) of `Document.text`; `end` is exclusive.
Pages and lines count from 1. Scores: higher is nearer. Log-probabilities: natural logarithm.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from quoth.errors import UsageError
from quoth.origin import Origin

Vectors = NDArray[np.float32]
"""(n, d) float32, rows of unit length: nearness is the dot product."""

LogProbs = NDArray[np.float32]
"""(k, V) float32, natural log, each row normalised over the vocabulary."""


Kind = Literal["text", "image"]
"""What a passage is."""

KINDS: tuple[Kind, ...] = ("text", "image")

SHOWS = "A picture that seems to show: "
"""What a picture's text begins its last line with: the classes that its encoder sees. Words find a picture by how it
looks (`quoth.embeddings.bridge`), not by these names, which are often wrong (docs/experiments.md)."""


Pixels = NDArray[np.uint8]
"""(height, width, 3) uint8: red, green, blue in sRGB, upright, what is transparent on white."""


Decoding = Literal["sequence", "sequence-fast", "token", "quote", "concat-best-first", "concat-best-last"]
"""RAG-Sequence (thorough or fast), RAG-Token, verbatim spans of the passages under RAG-Sequence, or the plain
concatenation of the passages in one prompt (baselines)."""


StateType = Literal["f16", "q8"]
"""The numbers of a passage state: half precision, or 8 bits with a scale for each 32 of them (ggml's Q8_0)."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a document: `level` 1 is the outermost, `start` its first character."""

    level: int
    text: str
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture, of bounded size.

    digest: the first 16 hexadecimal digits of the SHA-256 of its pixels and their shape.
    pixels: what encoders see.
    preview: the same as a JPEG file, for people.
    width, height: of the picture as it was found, upright.
    """

    digest: str
    pixels: Pixels
    preview: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, or on a picture (`page` is None): edges from 0 to 1, from the top left corner."""

    page: int | None
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class LineBox:
    """Where a line that was recognised in a picture stands: characters `start` to `end` of the text it belongs to."""

    start: int
    end: int
    box: Box


def lines_in(boxes: Sequence[LineBox], start: int, end: int) -> tuple[LineBox, ...]:
    """Of these, in order, the lines in a span, with places in the span's own text; a line cut by its edge counts."""
    first = bisect_right(boxes, start, key=lambda line: line.end)
    last = bisect_left(boxes, end, key=lambda line: line.start)
    return tuple(
        LineBox(max(line.start, start) - start, min(line.end, end) - start, line.box) for line in boxes[first:last]
    )


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture at its place in a document: `words` are its caption, its alternative text, what its file says of it.

    `start` is the offset in `Document.text` before which it stands, `page` the page that it is on: pages without
    text start at the same offset. `boxes` are of lines in `words` that were read from the picture.
    """

    picture: Picture
    words: str = ""
    start: int = 0
    page: int | None = None
    boxes: tuple[LineBox, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """What a source gave, as text, with its pictures.

    `id` names it for people and is stable (a file's absolute path, or a name that the caller chose);
    `digest` is the SHA-256 of its raw bytes; `pages` holds the start offset of every page, empty if the
    format has no pages. For plain text and Markdown, offsets in `text` are offsets in the decoded file.
    `boxes`, in order, are of those lines of `text` that were read from pictures of pages.
    `trust`, above 0 and at most 1, is what its passages' prior is multiplied by; who shares one of the `groups`
    may see it, without any everybody.
    """

    id: str
    title: str
    text: str
    media_type: str
    digest: str
    headings: tuple[Heading, ...] = ()
    pages: tuple[int, ...] = ()
    figures: tuple[Figure, ...] = field(default=(), repr=False)
    boxes: tuple[LineBox, ...] = field(default=(), repr=False)
    groups: tuple[str, ...] = ()
    trust: float = 1.0
    origin: Origin = field(default=Origin())

    def __post_init__(self) -> None:
        """Refuse a trust that no prior can be multiplied by."""
        if not 0 < self.trust <= 1:
            raise UsageError(f"a trust of {self.trust}", "it must be above 0 and at most 1")

    def boxes_in(self, start: int, end: int) -> tuple[LineBox, ...]:
        """The boxes of the lines in a span, with places in the span's own text; a line cut by its edge counts whole."""
        return lines_in(self.boxes, start, end)

    def page_at(self, offset: int) -> int | None:
        """The page that holds this character, or None for a format without pages."""
        return bisect_right(self.pages, offset) if self.pages else None

    def line_at(self, offset: int) -> int:
        """The line that holds this character."""
        return self.text.count("\n", 0, offset) + 1

    def headings_at(self, offset: int) -> tuple[str, ...]:
        """The headings that enclose this character, outermost first."""
        path: list[Heading] = []
        for heading in self.headings:
            if heading.start > offset:
                break
            path = [h for h in path if h.level < heading.level] + [heading]
        return tuple(h.text for h in path)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document, some 200 tokens: `text` is `document.text[start:end]`, to the letter.

    A picture is a passage too: `picture` is its digest, `text` what is known of it in words (caption, what it
    shows, the words around it), and `start` = `end` its place.

    `boxes` tell where the lines of `text` stand that were read from a picture, this one or that of a page.
    `trust` is its document's, which the store knows.
    """

    document: str
    title: str
    text: str
    start: int
    end: int
    line: int = 1
    page: int | None = None
    headings: tuple[str, ...] = ()
    picture: str = ""
    boxes: tuple[LineBox, ...] = field(default=(), repr=False)
    trust: float = 1.0

    @property
    def id(self) -> str:
        """16 hexadecimal digits from the document's name, the span and the text, and from the picture if it is one."""
        key = f"{self.document}\0{self.start}\0{self.end}\0{self.text}"
        key += f"\0{self.picture}" if self.picture else ""
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def kind(self) -> Kind:
        """Whether it is text or a picture."""
        return "image" if self.picture else "text"

    @property
    def said(self) -> str:
        """The text without what an encoder sees in a picture: what people said of it."""
        return self.text.partition(SHOWS)[0].strip() if self.picture else self.text

    @property
    def searchable(self) -> str:
        """What encoders and lexical searches of words see: the title and the headings, then what was said."""
        return "\n".join(dict.fromkeys([self.title, *self.headings, self.said]))

    @property
    def place(self) -> str:
        """Where to look, for people: `p. 3`, `line 12`, or `picture` for a picture's own file."""
        if self.picture and self.page is None and not self.start:
            return "picture"
        return f"line {self.line}" if self.page is None else f"p. {self.page}"


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found: `rank` from 1; `score`, higher is nearer; `log_prior` = log p(z|x).

    `similarity` is the cosine of question and passage, in [-1, 1], where a dense search knows it; of a picture that
    words found, how near it is to them by its looks or by what was said of it, on one scale (0 is unrelated).
    `region` is the part of a picture that is nearest, where one is nearer than the whole (`add --crops`).
    Over the hits of one question the priors sum to 1 (log-sum-exp of `log_prior` is 0).
    """

    passage: Passage
    rank: int
    score: float
    log_prior: float
    similarity: float | None = None
    region: Box | None = None

    @property
    def prior(self) -> float:
        """The retriever prior p(z|x), in [0, 1]."""
        return math.exp(self.log_prior)


@dataclass(frozen=True, slots=True)
class Failure:
    """A document that did not go in: which, why, and what to do."""

    path: str
    cause: str
    cure: str


@dataclass(frozen=True, slots=True)
class AddReport:
    """What `add` did: counts of documents, passages written, seconds, the documents that failed, and the warming."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    passages: int = 0
    seconds: float = 0.0
    failed: tuple[Failure, ...] = ()
    warm: WarmReport | None = None


@dataclass(frozen=True, slots=True)
class WarmReport:
    """What `warm` did, in passages: states written, there before, left out for want of room; and seconds."""

    written: int
    kept: int
    left_out: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """A knowledge base at a glance.

    `pictures` are among the passages, `bytes` is its size on disk, `state_bytes` that of its passage states in it.
    """

    path: str
    documents: int
    passages: int
    pictures: int
    encoder: str
    generator: str
    bytes: int
    states: int
    state_bytes: int
    version: str
