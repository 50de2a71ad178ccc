"""Footnotes and the list of sources, the same in every format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from quoth.answer import Source
from quoth.types import Passage
from quoth.writing.text import Section, Sentence, Share

MARK = "†"
MARK_MEANS = "No passage of the documents supports this sentence: it comes from the model's memory."


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote: its number, from 1, and what it says is there."""

    number: int
    source: Source

    @property
    def where(self) -> str:
        """The document's title, the headings and the place."""
        passage = self.source.passage
        path = " › ".join(dict.fromkeys([_title(passage), *passage.headings]))
        file = file_of(passage.document)
        return f"{path}, {passage.place}" if file == _title(passage) else f"{path}, {passage.place} ({file})"

    @property
    def quote(self) -> str:
        """What it says, on one line; white space aside it stands so in the document."""
        return " ".join(self.source.quote.split())


class Notes:
    """Numbers footnotes as the text comes; the same place has the same number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, int], Note] = {}

    def of(self, source: Source) -> Note:
        """The footnote of a source."""
        key = (source.passage.id, source.start, source.end)
        return self._numbers.setdefault(key, Note(len(self._numbers) + 1, source))

    def after(self, sentences: tuple[Sentence, ...], i: int) -> list[Note]:
        """The footnotes that come after sentence i: sentences that share theirs have them after the last."""
        own = sentences[i].sources
        if i + 1 < len(sentences) and _keys(sentences[i + 1].sources) == _keys(own):
            return []
        return [self.of(source) for source in own]

    def all(self) -> list[Note]:
        """All so far, by number."""
        return list(self._numbers.values())


def has_marks(sections: Iterable[Section]) -> bool:
    """Whether some sentence is supported by nothing."""
    return any(not one.supported for section in sections for one in section.sentences)


def source_lines(sections: Iterable[Section], whole: Share) -> list[tuple[str, str]]:
    """Each document that was used, with its share of the words as a text: (title and file, share)."""
    titles: dict[str, str] = {}
    for section in sections:
        for source in section.sources:
            titles.setdefault(source.passage.document, _title(source.passage))
    shares = dict(whole.by_document)
    order = sorted(titles, key=lambda name: -shares.get(name, 0.0))
    lines = []
    for name in order:
        file = file_of(name)
        shown = titles[name] if titles[name] == file else f"{titles[name]} ({file})"
        lines.append((shown, f"{shares.get(name, 0.0) / max(whole.words, 1):.0%} of the words"))
    return lines


def byline(whole: Share, generator: str) -> str:
    """How the text came about, in a sentence."""
    if whole.verbatim == whole.words:
        return f"Put together by {generator or 'Quoth'} from {_count(whole)}: every sentence is theirs, word for word."
    supported = f"{whole.supported / max(whole.words, 1):.0%} of the words stand in sentences that they support"
    return f"Written by {generator} from {_count(whole)}; {supported}."


def file_of(document: str) -> str:
    """A document's name as readers of a text need it: an address whole, of a path the file."""
    return document if "://" in document else document.rsplit("/", 1)[-1]


def _title(passage: Passage) -> str:
    return passage.title.rsplit("/", 1)[-1] if passage.title in passage.document else passage.title


def _count(whole: Share) -> str:
    n = len(whole.by_document)
    return f"{n} document{'s' * (n != 1)}"


def _keys(sources: Iterable[Source]) -> list[tuple[str, int, int]]:
    return [(source.passage.id, source.start, source.end) for source in sources]
