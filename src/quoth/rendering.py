"""An answer for eyes: each word tinted by where it came from, words from memory marked."""

from __future__ import annotations

import html
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from quoth.errors import QuothError
from quoth.thumbnails import as_blocks

if TYPE_CHECKING:
    from quoth.answer import Answer, Source
    from quoth.types import Passage

# Okabe and Ito's palette, which colour-blind people can tell apart; the last is the memory's.
PALETTE = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442")
MEMORY = "#888888"
# A source with less than this share is listed in the data but not shown to people.
SHOWN_FROM = 0.01
# A terminal with fewer colours shows no pictures.
MANY_COLOURS = ("256", "truecolor", "windows")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of an answer with the space before it: `source` is None for a word from memory.

    `posterior` is the mean over the word's tokens, `share` that of its source, in [0, 1].
    """

    text: str
    source: int | None
    share: float
    posterior: tuple[float, ...]


def words(answer: Answer) -> list[Word]:
    """The answer's tokens, put together to words."""
    groups: list[list[int]] = []
    for i, token in enumerate(answer.tokens):
        if not groups or token.text[:1].isspace():
            groups.append([])
        groups[-1].append(i)
    return [_word(answer, group) for group in groups]


def _word(answer: Answer, group: list[int]) -> Word:
    text = "".join(answer.tokens[i].text for i in group)
    columns = zip(*(answer.tokens[i].posterior for i in group), strict=True)
    return word_of(text, tuple(sum(column) / len(group) for column in columns))


def word_of(text: str, posterior: tuple[float, ...]) -> Word:
    """A word by its posterior over the sources and, last, the memory."""
    best = max(range(len(posterior)), key=posterior.__getitem__)
    return Word(text, best if best < len(posterior) - 1 else None, posterior[best], posterior)


def colour(source: int | None) -> str:
    """The colour of a source, `#rrggbb`."""
    return MEMORY if source is None else PALETTE[source % len(PALETTE)]


def shown_sources(answer: Answer) -> list[tuple[int, Source]]:
    """The sources worth showing, with their index."""
    return [(i, s) for i, s in enumerate(answer.sources) if is_shown(s.weight, answer.abstained)]


def is_shown(weight: float, abstained: bool) -> bool:
    """Whether a source of this weight is worth showing; of a refusal all are."""
    return weight >= SHOWN_FROM or abstained


def as_lines(answer: Answer, *, pictures: bool = False) -> Iterator[Text]:
    """Lines for a terminal: the answer, then its sources, with their pictures if these are wanted."""
    yield tinted(words(answer)) if answer.tokens else Text(answer.text, "bold")
    yield Text()
    if answer.sources:
        yield Text("Nearest passages" if answer.abstained else "Sources", "dim")
    for i, source in shown_sources(answer):
        yield from _source_lines(i, source)
        if pictures and source.passage.picture:
            yield from as_blocks(shown(answer, source))
    if not answer.abstained:
        yield Text.assemble(("  *", MEMORY), f" {answer.memory_weight:4.0%}  the model's memory")
    if answer.alternatives:
        yield from (Text(), Text("Other answers", "dim"))
    for other in answer.alternatives:
        passage = other.source.passage
        where = Text.assemble((passage.title, "bold"), f", {passage.place}, {other.source.weight:.0%}")
        yield Text.assemble(f"    {other.probability:4.0%}  ", (other.text, "bold"), "  ", where)


def tinted(said: Sequence[Word]) -> Text:
    """The words, each in its source's colour, and the source's number where the source changes."""
    line = Text()
    for i, word in enumerate(said):
        line.append(word.text, f"bold {colour(word.source)}")
        if i + 1 == len(said) or said[i + 1].source != word.source:
            line.append(" [*]" if word.source is None else f" [{word.source + 1}]", "dim")
    return line


def full_title(passage: Passage) -> str:
    """The document's title and the headings that a passage stands under."""
    return " › ".join(dict.fromkeys([passage.title, *passage.headings]))


def whence(passage: Passage) -> str:
    """Where a passage comes from: its file, its page's address, the model that said it; and how far it is trusted."""
    model, _, answer = passage.document.partition("/")
    is_said = model.startswith("openai:") and bool(answer)
    said = f"{passage.document.rpartition('/')[0]} says so" if is_said else passage.document
    return said if passage.trust == 1 else f"{said}, trust {passage.trust:g}"


def _source_lines(i: int, source: Source) -> Iterator[Text]:
    passage = source.passage
    where = full_title(passage)
    number, weight = (f"{i + 1:3}", colour(i)), f" {source.weight:4.0%}  "
    yield Text.assemble(number, weight, (where, "bold"), f", {passage.place}{_manner(source)}")
    yield Text(f"           “{' '.join(source.quote.split())}”")
    yield Text(f"           {whence(passage)}", "dim")


def _manner(source: Source) -> str:
    return ", looked at" if source.seen else ""


def shown(answer: Answer, source: Source) -> bytes:
    """What a source stands on, as a JPEG file; nothing if that is not known, or can no longer be shown."""
    try:
        return answer.show(source) if answer.show else b""
    except QuothError:
        return b""


def as_html(answer: Answer) -> str:
    """A fragment of HTML that needs no style sheet and no script."""
    said = "".join(map(_html_word, words(answer))) or html.escape(answer.text)
    rows = "".join(_html_source(i, source, _figure(answer, source)) for i, source in shown_sources(answer))
    memory = "" if answer.abstained else f"<li>{answer.memory_weight:.0%} the model’s memory</li>"
    return (
        f'<div style="line-height:1.6"><p style="font-size:1.15em">{said}</p>'
        f'<ol style="font-size:.85em">{rows}</ol><ul style="font-size:.85em">{memory}</ul></div>'
    )


def _html_word(word: Word) -> str:
    text = html.escape(word.text)
    tip = ", ".join(f"{_mark_plain(i, len(word.posterior))} {p:.0%}" for i, p in enumerate(word.posterior))
    if word.source is None:
        return f'<span title="{tip}" style="border-bottom:2px dotted {MEMORY};font-style:italic">{text}</span>'
    # The last two digits are the opacity: a surer word is tinted more.
    tint = f"{colour(word.source)}{round(0x22 + 0x55 * word.share):02x}"
    return f'<span title="{tip}" style="background:{tint}">{text}</span>'


def _mark_plain(i: int, members: int) -> str:
    return "memory" if i == members - 1 else f"source {i + 1}"


def _figure(answer: Answer, source: Source) -> str:
    """A picture, or a page that was read from one: who reads its words wants to see where they stand."""
    picture = shown(answer, source) if source.passage.picture or source.boxes else b""
    if not picture:
        return ""
    url = f"data:image/jpeg;base64,{b64encode(picture).decode()}"
    return f'<br><img src="{url}" alt="{html.escape(source.quote)}" style="max-width:420px;max-height:420px">'


def _html_source(i: int, source: Source, figure: str) -> str:
    passage = source.passage
    return (
        f'<li value="{i + 1}"><b style="background:{colour(i)}55">{html.escape(passage.title)}</b>, '
        f"{passage.place}, {source.weight:.0%}{_manner(source)}<br><q>{html.escape(source.quote)}</q><br>"
        f'<span style="opacity:.6">{html.escape(whence(passage))}</span>{figure}</li>'
    )
