"""A brief to a text: plan, then section by section propose what to say, trace each sentence, keep, mark or drop it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from quoth.encoders import Encoder
from quoth.errors import QuothError, UsageError
from quoth.generators import LanguageModel
from quoth.generators.remote_loading import is_at_home
from quoth.retrieval import HybridRetriever
from quoth.types import Hit
from quoth.writing.composing import HomeWriter, ServerWriter, Style, outline_task
from quoth.writing.outline import Outline, Planned, read_outline, topic_of
from quoth.writing.planning import count_of, gather, near, plan, sought
from quoth.writing.quoting import Quoter
from quoth.writing.text import Block, Code, Illustration, Paragraph, Section
from quoth.writing.writing import Writing

if TYPE_CHECKING:
    from quoth.generators.remote import RemoteModel

LONGEST_WORDS = 20_000
# Sections of a quoter, which chooses among sentences, see more passages than a model reads at once.
_QUOTED_FROM, _COMPOSED_FROM = 16, 6
# A picture shows what a heading says from this nearness on; 0 is unrelated (`Hit.similarity`).
_SHOWS = 0.25
# A section of fewer words, and no code, says too little.
_SHORTEST = 25


Pictures = Callable[[str, int], list[tuple[Hit, bytes]]]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a text should be like.

    length: words, about; tone, audience: in words, "" for none; strict: leave out what no passage supports.

    Raises:
        UsageError: the length is impossible.
    """

    length: int = 800
    tone: str = ""
    audience: str = ""
    strict: bool = False

    def __post_init__(self) -> None:
        """Refuse lengths out of range."""
        if not 50 <= self.length <= LONGEST_WORDS:
            raise UsageError(f"a length of {self.length:,} words", f"ask for 50 to {LONGEST_WORDS:,}")


class WritingStream:
    """A text that is being written: iterate over its sections as they come, then take `text`.

    `outline` is there from the beginning.
    """

    def __init__(
        self, outline: Outline, sections: Iterator[Section], finish: Callable[[list[Section]], Writing]
    ) -> None:
        self.outline = outline
        self._sections = sections
        self._finish = finish
        self._written: list[Section] = []
        self._text: Writing | None = None

    def __iter__(self) -> Iterator[Section]:
        """Each section when it is written; one without blocks has nothing to say."""
        for section in self._sections:
            self._written.append(section)
            yield section
        if self._text is None:
            if len(self._written) < len(self.outline.sections):
                raise QuothError("the text was broken off by an error", "write it again")
            self._text = self._finish(self._written)

    @property
    def text(self) -> Writing:
        """The whole text; what has not been iterated over is waited for.

        Raises:
            UsageError: the documents say nothing of any heading.
            QuothError: it was broken off.
        """
        for _ in self:
            pass
        assert self._text is not None  # the loop ends with it or raises
        return self._text


class Writer:
    """Writes from a knowledge base's passages."""

    def __init__(
        self,
        retriever: HybridRetriever,
        encoder: Encoder,
        model: LanguageModel | RemoteModel,
        pictures: Pictures,
        wishes: Wishes,
    ) -> None:
        """Put them together; `pictures` finds at most k for words, best first, with their previews (JPEG files)."""
        self.retriever = retriever
        self.encoder = encoder
        self.pictures = pictures
        self.wishes = wishes
        self.style = Style(wishes.tone, wishes.audience)
        self.composer = _composer(model, self.style)
        self.base = model if self.composer is None and is_at_home(model) else None
        self.name = model.name

    def outline(self, brief: str) -> Outline:
        """What to write about; see `KnowledgeBase.outline`."""
        _check(brief)
        count = count_of(self.wishes.length)
        if self.composer:
            hits = gather(topic_of(brief), self.retriever)
            if hits:
                said = self.composer.say(outline_task(brief, count, hits, self.style))
                try:
                    return read_outline(said)
                except UsageError:
                    pass  # a model that does not keep to the form is not asked again: the documents' headings do
        return plan(brief, self.retriever, self.encoder, self.wishes.length)

    def write(self, brief: str, outline: Outline | None) -> WritingStream:
        """Write it; see `KnowledgeBase.write`."""
        _check(brief)
        planned = outline or self.outline(brief)
        if not planned.sections:
            raise UsageError("the outline has no section", "plan at least one")
        planned = replace(planned, title=planned.title or topic_of(brief))
        work = _Work(self, topic_of(brief), planned)
        return WritingStream(planned, work.sections(), lambda written: work.finish(brief, written))


class _Work:
    """One text in the making: what has been said and shown so far."""

    def __init__(self, writer: Writer, topic: str, outline: Outline) -> None:
        self._writer = writer
        self._topic = topic
        self._outline = outline
        self._quoter = Quoter(writer.encoder, writer.base)
        self._shown: set[str] = set()
        self._said: set[str] = set()
        self._dropped: list[str] = []

    def sections(self) -> Iterator[Section]:
        words = max(40, self._writer.wishes.length // len(self._outline.sections))
        for planned in self._outline.sections:
            blocks = self._blocks(planned, words)
            yield Section(planned.heading, (*blocks, *self._picture(planned)) if blocks else ())

    def finish(self, brief: str, written: Sequence[Section]) -> Writing:
        full = tuple(section for section in written if section.blocks)
        if not full:
            cause = f"the documents say nothing about {brief!r}, under none of the headings"
            raise UsageError(cause, "add documents that do, or change the outline")
        empty = tuple(section.heading for section in written if not section.blocks)
        wishes, composed = self._writer.wishes, self._writer.composer is not None
        notes = () if composed else _notes(self._writer.name, wishes)
        return Writing(self._outline.title, brief, self._writer.name, full, tuple(self._dropped), empty, notes)

    def _blocks(self, planned: Planned, words: int) -> list[Block]:
        writer = self._writer
        query = " ".join([sought(planned.heading, self._topic), planned.notes]).strip()
        if writer.composer is None:
            hits = self._hits(query, _QUOTED_FROM)
            heading = f"{planned.heading} {planned.notes}".strip()
            others = [other.heading for other in self._outline.sections if other != planned]
            quoted = self._quoter.section(self._topic, heading, others, hits, words) if hits else []
            return quoted if _says_enough(quoted) else []
        hits = self._hits(query, _COMPOSED_FROM)
        heading = f"{planned.heading}: {planned.notes}" if planned.notes else planned.heading
        found = writer.composer.section(self._outline.title, heading, hits, words) if hits else []
        return [kept for block in found if (kept := self._kept(block)).sentences]

    def _hits(self, query: str, k: int) -> list[Hit]:
        return near(self._writer.retriever.search(query, k, "text"))

    def _kept(self, paragraph: Paragraph) -> Paragraph:
        """Without sentences that were said before and, if it must be strict, those that nothing supports."""
        kept = []
        for sentence in paragraph.sentences:
            if sentence.text.casefold() in self._said:
                continue
            self._said.add(sentence.text.casefold())
            if self._writer.wishes.strict and not sentence.supported:
                self._dropped.append(sentence.text)
            else:
                kept.append(sentence)
        return Paragraph(tuple(kept))

    def _picture(self, planned: Planned) -> Iterator[Illustration]:
        """At most one picture that shows what the heading says."""
        for hit, preview in self._writer.pictures(f"{planned.heading} {self._topic}", 3):
            passage = hit.passage
            if passage.picture not in self._shown and (hit.similarity or 0.0) >= _SHOWS:
                self._shown.add(passage.picture)
                caption = passage.said.strip().partition("\n")[0] or passage.title.rsplit("/", 1)[-1]
                yield Illustration(passage, caption, preview)
                return


def _says_enough(blocks: Sequence[Block]) -> bool:
    words = sum(one.words for block in blocks if isinstance(block, Paragraph) for one in block.sentences)
    return words >= _SHORTEST or (words > 0 and any(isinstance(block, Code) for block in blocks))


def _composer(model: LanguageModel | RemoteModel, style: Style) -> HomeWriter | ServerWriter | None:
    """What writes in its own words; None for a base model, which does not."""
    if not is_at_home(model):
        return ServerWriter(model, style)
    return HomeWriter(model, style) if model.chat("") is not None else None


def make_wishes(values: Mapping[str, Any]) -> Wishes:
    """Wishes from a mapping.

    Raises:
        UsageError: a key does not exist, or a value is impossible.
    """
    known = [field.name for field in fields(Wishes)]
    for key in values:
        if key not in known:
            raise UsageError(f"there is no wish {key!r}", f"the wishes are: {', '.join(known)}")
    return Wishes(**values)


def _notes(name: str, wishes: Wishes) -> tuple[str, ...]:
    """What a reader should know of a text that was quoted together."""
    notes = [f"{name} is a base model: it chose the sentences, the documents wrote them."]
    asked = [f"the {what} asked for" for what in ("tone", "audience") if getattr(wishes, what)]
    if asked:
        notes.append(f"It cannot rewrite them: {' and '.join(asked)} changed nothing. A chat model can (--model).")
    return tuple(notes)


def _check(brief: str) -> None:
    if not brief.split():
        raise UsageError("the brief is empty", 'say what to write, like "a blog post on decorators"')
