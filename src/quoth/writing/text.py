"""What was written: sections of blocks, each sentence with what supports it; and how much is supported by what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from quoth.answer import Source
from quoth.types import Passage


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, with code between backticks.

    sources: the passages that support it, most first, each with the `quote` that says it and as its `weight` the
        share of the sentence's words that come from it; none if nothing does.
    memory: the share of the words that come from the model's memory, in [0, 1]; all shares sum to 1.
    verbatim: whether it stands in the first source, white space and markup aside, as `quote`.
    """

    text: str
    sources: tuple[Source, ...]
    memory: float = 0.0
    verbatim: bool = False

    @property
    def supported(self) -> bool:
        """Whether passages carry it."""
        return bool(self.sources)

    @property
    def words(self) -> int:
        """How many words it has."""
        return len(self.text.split())


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences that go together."""

    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """Code, whole and verbatim; `language` as fences have it, or ""."""

    text: str
    language: str
    source: Source


@dataclass(frozen=True, slots=True)
class Illustration:
    """A picture of the knowledge base with its caption; `preview` is a JPEG file."""

    passage: Passage
    caption: str
    preview: bytes = field(repr=False)


Block = Paragraph | Code | Illustration


@dataclass(frozen=True, slots=True)
class Section:
    """A section that was written; without blocks the documents say nothing of its heading."""

    heading: str
    blocks: tuple[Block, ...]

    @property
    def sentences(self) -> list[Sentence]:
        """All of its sentences."""
        return [one for block in self.blocks if isinstance(block, Paragraph) for one in block.sentences]

    @property
    def sources(self) -> Iterator[Source]:
        """What footnotes are of, in the order of the text; one may come again."""
        for block in self.blocks:
            if isinstance(block, Paragraph):
                for sentence in block.sentences:
                    yield from sentence.sources
            elif isinstance(block, Code):
                yield block.source


@dataclass(frozen=True, slots=True)
class Share:
    """How much of some text comes from where: words in all, of supported sentences, and verbatim ones.

    by_document: the words that each document carries, most first; memory: those of the model's memory. The two
    together are `words`, up to rounding.
    """

    words: int
    supported: int
    verbatim: int
    memory: float
    by_document: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """How much of a text is supported by what: of the whole, and of each section, in their order.

    dropped: sentences that no passage supports and that were left out (`strict`).
    empty: headings of which the documents say nothing.
    notes: what else a reader should know of how it was made.
    """

    whole: Share
    sections: tuple[tuple[str, Share], ...]
    dropped: tuple[str, ...]
    empty: tuple[str, ...]
    notes: tuple[str, ...]


def share_of(sentences: Iterable[Sentence]) -> Share:
    """The shares of some sentences; words count, so that a long sentence counts more."""
    words = supported = verbatim = 0
    memory = 0.0
    documents: dict[str, float] = defaultdict(float)
    for sentence in sentences:
        words += sentence.words
        supported += sentence.words * sentence.supported
        verbatim += sentence.words * sentence.verbatim
        memory += sentence.words * sentence.memory
        for source in sentence.sources:
            documents[source.passage.document] += sentence.words * source.weight
    return Share(words, supported, verbatim, memory, tuple(sorted(documents.items(), key=lambda pair: -pair[1])))
