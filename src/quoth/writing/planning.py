"""A brief to an outline: the passages it finds, by what their documents call them; what is alike is one section."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from quoth.encoders import Encoder
from quoth.errors import UsageError
from quoth.rag.abstain import RELEVANT_FROM
from quoth.retrieval import HybridRetriever
from quoth.types import Hit, Passage, Vectors
from quoth.writing.notes import file_of
from quoth.writing.outline import Outline, Planned, title_of, topic_of
from quoth.writing.prose import units

GATHERED = 60
INTRODUCTION = "Introduction"
# What has less than this share of the best one's cosine is about something else.
RATHER = 0.68
# Sections whose vectors are nearer than this are one.
_ALIKE = 0.72
_FEWEST, _MOST = 2, 8
WORDS_A_SECTION = 150
# Not all that stands under a heading fits it and is new.
_ROOM = 2.0
_SHORTEST = 20
# The words of a glossary's term, and of a heading, at the most.
_TERM, _HEADING = 4, 10
_SAY_NOTHING = {
    "introduction", "overview", "getting started", "getting started guide", "glossary", "contents", "preface",
    "summary", "conclusion", "notes", "note", "quickstart", "tutorial", "basics", "basic use", "background",
    "rationale", "faq",
    "abstract", "example", "examples", "next steps", "see also", "references", "before you begin", "specification",
    "usage",
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Passages under one heading: what a section could be. `near`: the best cosine with the topic."""

    name: str
    hits: tuple[Hit, ...]
    near: float
    words: int


def count_of(length: int) -> int:
    """How many sections a text of so many words has."""
    return min(_MOST, max(_FEWEST, round(length / WORDS_A_SECTION)))


def plan(brief: str, retriever: HybridRetriever, encoder: Encoder, length: int) -> Outline:
    """An outline of what the documents say of a brief.

    Raises:
        UsageError: they say nothing of it.
    """
    topic = topic_of(brief)
    groups = _groups(gather(topic, retriever))
    if not groups:
        raise UsageError(f"the documents say nothing about {topic!r}", "add documents that do, or write another brief")
    vectors = encoder.encode([f"{group.name}\n{_words_of(group)}" for group in groups])
    chosen = _choose(groups, vectors, count_of(length) - 1, length)
    names = [INTRODUCTION, *_names(_in_order(chosen), topic)]
    return Outline(title_of(brief), tuple(Planned(name) for name in names))


def sought(heading: str, topic: str) -> str:
    """What passages are looked for under a heading; under `INTRODUCTION`, what the topic is."""
    return f"What is {topic}?" if heading == INTRODUCTION else f"{heading}. {topic}"


def gather(topic: str, retriever: HybridRetriever) -> list[Hit]:
    """The passages that are about the topic, best first."""
    return near(retriever.search(topic, GATHERED, "text"))


def near(hits: Sequence[Hit]) -> list[Hit]:
    """Those of these passages that are about what was looked for: nearly as near as the best."""
    best = max((hit.similarity or 0.0 for hit in hits), default=0.0)
    return [hit for hit in hits if (hit.similarity or 0.0) >= max(RELEVANT_FROM, RATHER * best)]


def _groups(hits: Sequence[Hit]) -> list[_Group]:
    """The passages by document and heading, the nearest group first; without enough words to take none is one."""
    under: dict[tuple[str, str], list[Hit]] = {}
    for hit in hits:
        name = _name(hit.passage)
        under.setdefault((hit.passage.document, name or str(hit.passage.start)), []).append(hit)
    groups = []
    for members in under.values():
        words = sum(unit.words for hit in members for unit in units(hit.passage))
        nearest = max(hit.similarity or 0.0 for hit in members)
        if words >= _SHORTEST:
            groups.append(_Group(_name(members[0].passage), tuple(members), nearest, words))
    groups.sort(key=lambda group: -group.near)
    return _named(groups)


def _named(groups: Sequence[_Group]) -> list[_Group]:
    """Those with a name of their own, if they are enough; what stands under a title alone is for the introduction."""
    named = [group for group in groups if group.name and group.name != group.hits[0].passage.title]
    if len(named) >= _FEWEST:
        return named
    return [group if group.name else replace(group, name=_first_words(group.hits[0].passage)) for group in groups]


def _choose(groups: Sequence[_Group], vectors: Vectors, fewest: int, length: int) -> list[_Group]:
    """The nearest groups that are not alike: `fewest` of them, and more as long as they hold too few words."""
    chosen: list[int] = []
    words = 0
    for i, group in enumerate(groups):
        is_new = all(float(vectors[i] @ vectors[j]) < _ALIKE for j in chosen)
        if is_new and (len(chosen) < fewest or (words < _ROOM * length and len(chosen) < _MOST)):
            chosen.append(i)
            words += group.words
    return [groups[i] for i in chosen]


def _in_order(groups: Sequence[_Group]) -> list[_Group]:
    """The documents by their nearest group, the groups of each as they stand in it."""
    first: dict[str, int] = {}
    for i, group in enumerate(groups):
        first.setdefault(group.hits[0].passage.document, i)

    def place(group: _Group) -> tuple[int, int]:
        passage = group.hits[0].passage
        return first[passage.document], min(hit.passage.start for hit in group.hits)

    return sorted(groups, key=place)


def _names(groups: Iterable[_Group], topic: str) -> list[str]:
    """The groups' names, each once."""
    names: dict[str, None] = {}
    for group in groups:
        passage = group.hits[0].passage
        options = [group.name, f"{group.name} ({passage.title})"]
        names.setdefault(next((name for name in options if name not in names), f"{group.name}: {topic}"))
    return list(names)


def _name(passage: Passage) -> str:
    """The innermost heading that says something, else a glossary's term, else the title, else ""."""
    for heading in reversed(passage.headings):
        name = heading.strip(" ¶#").rstrip(":.")
        if name and name.casefold() not in _SAY_NOTHING and len(name.split()) <= _HEADING:
            return name
    found = units(passage)
    term, colon, _ = (found[0].texts[0] if found else "").partition(":")
    if colon and len(term.split()) <= _TERM:
        return term
    title = passage.title.rsplit("/", 1)[-1]
    return title if title.casefold() not in _SAY_NOTHING and title != file_of(passage.document) else ""


def _first_words(passage: Passage) -> str:
    found = units(passage)
    return " ".join((found[0].text if found else passage.text).split()[:6])


def _words_of(group: _Group) -> str:
    return " ".join(unit.text for hit in group.hits[:3] for unit in units(hit.passage))
