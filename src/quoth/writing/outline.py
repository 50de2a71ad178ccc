"""An outline: what a text is called and what its sections are about, as Markdown that people edit."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt

from quoth.errors import UsageError
from quoth.writing.escape import escaped

_KINDS = (
    "blog post|article|essay|text|report|introduction|overview|summary|guide|tutorial|page|note|paper|handout|letter"
)
KINDS = tuple(_KINDS.split("|"))
_BEFORE_TOPIC = (" about ", " on ", " to ", " of ", ": ")


@dataclass(frozen=True, slots=True)
class Planned:
    """A section that is to be written: its heading, and what else is to be looked for ("" for nothing)."""

    heading: str
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """What is to be written: a title and the sections, in their order."""

    title: str
    sections: tuple[Planned, ...]

    @property
    def markdown(self) -> str:
        """The title as a heading of level 1, the sections of level 2, each with its notes under it."""
        parts = [f"# {escaped(self.title)}"] if self.title else []
        for section in self.sections:
            parts += [f"## {escaped(section.heading)}", *([escaped(section.notes)] if section.notes else [])]
        return "\n\n".join(parts) + "\n"


def read_outline(text: str) -> Outline:
    """An outline from Markdown.

    The first heading of level 1 is the title, all others are sections; what stands below a heading are its notes.

    Raises:
        UsageError: it has no section.
    """
    title, sections, notes, heading = "", list[Planned](), list[str](), None
    tokens = MarkdownIt("commonmark").parse(text)
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type != "inline":
            continue
        words = " ".join("".join(_shown(child) for child in token.children or []).split())
        if before is None or before.type != "heading_open":
            notes.append(words)
        elif before.tag == "h1" and not title:
            title = words
        else:
            sections += [] if heading is None else [Planned(heading, " ".join(notes))]
            heading, notes = words, []
    sections += [] if heading is None else [Planned(heading, " ".join(notes))]
    if not sections:
        raise UsageError("the outline has no section", "write a line `## HEADING` for each")
    return Outline(title, tuple(sections))


def topic_of(brief: str) -> str:
    """What a brief is about: `a blog post on decorators` -> `decorators`."""
    flat = " ".join(brief.split()).rstrip(".")
    places = [(at, mark) for mark in _BEFORE_TOPIC if (at := flat.find(mark)) > 0]
    if not places:
        return flat
    at, mark = min(places)
    head = flat[:at].casefold()
    return flat[at + len(mark) :] if head.endswith(KINDS) else flat


def title_of(brief: str) -> str:
    """A brief's topic as a title."""
    topic = topic_of(brief)
    return topic[:1].upper() + topic[1:]


def _shown(child: object) -> str:
    kind, content = getattr(child, "type", ""), str(getattr(child, "content", ""))
    return f"`{content}`" if kind == "code_inline" else " " if kind in ("softbreak", "hardbreak") else content
