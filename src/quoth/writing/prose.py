"""A passage -> what can be taken from it word for word: runs of sentences that stand on their own, and whole code.

The layout is looked at (paragraphs, items, fences) and some words, those of English. A sentence that leans on one
before it ("This…") begins no run, and one that points to what is not there ("as shown below") is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from quoth.rag.quote import sentences
from quoth.types import Passage
from quoth.writing.code import is_whole_code, language, without_fence
from quoth.writing.plain import plain

Span = tuple[int, int]

LONGEST = 75
_FEWEST, _MOST = 5, 55
_WORDLIKE = 0.78
_TERM = 4
_ITEM = 12  # words of an item that says something by itself
_BULLET = re.compile(r"\s*(?:[-*•+]|\d+[.)])\s+")
_WORD = re.compile(r"[(“\"'‘`*]*\w[\w’'./`-]*[)”\"'’`*]*[.,;:!?…)]*|[–—&/-]+")
_END = re.compile(r"[.!?][\"”’)*`]*$")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|cf|vs|approx|Dr|Mr|Mrs|St|No|Fig)\.$")
_LEANS = re.compile(
    r"(?:this|that|these|those|it|its|it[’']s|they|their|them|he|she|his|her|such|however|but|and|so|or|also|then|thus|"
    r"therefore|hence|while doing so|otherwise|instead|moreover|furthermore|additionally|finally|"
    r"(?:first|second|third)(?:ly)?(?=,)|both|another|either|neither|for (?:example|instance)|of course|as you can see|"
    r"the (?:former|latter|other|same|idea|code)|in (?:the same|other|addition)|similarly|likewise|there(?=,)|here|now|"
    r"yet|still|even|most of all|sounds|is|has|supports?|comes|unfortunately|fortunately|note|again|alternatively|"
    r"interesting|on the other hand|to do so)\b",
    re.IGNORECASE,
)
_THINGS = "sections?|chapters?|examples?|pages?|documents?|tutorials?|guides?|table|figure|function|class|decorator"
_POINTS = re.compile(
    rf"\b(?:(?:previous|next|this|that|these|last|our) (?:{_THINGS})|below|above|as follows|the following|follows|"
    r"here[’']?s|here (?:is|are|the)|likes? this|like so|return to|we[’'](?:ll|ve|re)|let[’']s|earlier|mentioned|"
    r"aforementioned|chapter|click here|we provide|read on|refer to|go to|check out|welcome to|"
    r"more (?:details|information)|I|my|TODO)\b"
    r"|\b[Ss]ee (?:also|the|in|how|this|\W?[A-Z`])|\blines? (?:of code|\d+)"
    r"|^(?:See|Read|Look|Welcome|For (?:more|a|an|general|details|brevity))\b| # |\berror: |\.\.\.$"
)


@dataclass(frozen=True, slots=True)
class Unit:
    """Sentences of a passage that follow each other, and the code that they lead to.

    spans: of each sentence in `passage.text`; texts: the same for people, without markup; code: a span, or None.
    """

    passage: Passage
    spans: tuple[Span, ...]
    texts: tuple[str, ...]
    code: Span | None = None

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join(self.texts)

    @property
    def words(self) -> int:
        """How many words it has, without the code."""
        return len(self.text.split())

    @property
    def place(self) -> tuple[str, int, int]:
        """The document, and where the sentences begin and end in it."""
        return self.passage.document, self.passage.start + self.spans[0][0], self.passage.start + self.spans[-1][1]


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    fenced: bool = False
    item: bool = False


def units(passage: Passage) -> list[Unit]:
    """All that can be taken from a passage, in its order; nothing overlaps."""
    blocks = list(_blocks(passage.text))
    found: list[Unit] = []
    for i, block in enumerate(blocks):
        if _is_prose(passage.text[block.start : block.end]) and not block.fenced:
            # The layout of code is lost on a page.
            follows = _code_after(passage.text, blocks, i) if passage.page is None else None
            found += _runs(passage, block, follows)
    # A question alone leaves its answer to somebody else.
    return [unit for unit in found if len(unit.texts) > 1 or not unit.text.endswith("?")]


def _blocks(text: str) -> Iterator[_Block]:
    """Paragraphs, items and fenced code; what is no text between them is left out."""
    start: int | None = None
    end, fence, item, offset = 0, False, False, 0
    for line in text.splitlines(keepends=True):
        bare, bullet = line.strip(), _BULLET.match(line)
        is_fence = bare.startswith(("```", "~~~"))
        if start is not None and not fence and (not bare or bullet or is_fence):
            yield _Block(start, end, item=item)
            start = None
        if fence and is_fence and start is not None:
            yield _Block(start, offset + len(line.rstrip()), fenced=True)
            start, fence = None, False
        elif bare:
            if start is None:
                start = offset + (bullet.end() if bullet else len(line) - len(line.lstrip()))
                fence, item = is_fence, bullet is not None
            end = offset + len(line.rstrip())
        offset += len(line)
    if start is not None and not fence:
        yield _Block(start, end, item=item)


def _is_prose(text: str) -> bool:
    words = text.split()
    wordlike = sum(bool(_WORD.fullmatch(word)) and not word.isdigit() for word in words)
    return len(words) >= _FEWEST and wordlike >= _WORDLIKE * len(words) and language(text) != "python"


def _code_after(text: str, blocks: Sequence[_Block], i: int) -> Span | None:
    """The code that follows block i, if it is all there: prose comes after it, or its fence is closed."""
    code: list[_Block] = []
    for block in blocks[i + 1 :]:
        if block.item or (_is_prose(text[block.start : block.end]) and not block.fenced):
            break
        code.append(block)
        if block.fenced:
            break
    else:
        return None
    if not code:
        return None
    span = code[0].start, code[-1].end
    # The first line's own indent belongs to the code.
    span = text.rfind("\n", 0, span[0]) + 1, span[1]
    return span if is_whole_code(without_fence(text[slice(*span)])) else None


def _runs(passage: Passage, block: _Block, code: Span | None) -> Iterator[Unit]:
    """Runs of good sentences of one paragraph; the code goes with the run that leads to it."""
    run: list[Span] = []
    spans = list(_whole_sentences(passage.text, block))
    for i, span in enumerate(spans):
        said = " ".join(passage.text[slice(*span)].split())
        leads = code is not None and i + 1 == len(spans) and said.endswith(":")
        # A passage may begin in the middle of a sentence.
        begins = i == 0 and not block.item and (block.start > 0 or _term(passage.text, *span) != "")
        is_alone = block.item and len(spans) == 1
        good = leads or (_is_good(said, begins=begins) and _says_much(said, passage, is_alone))
        if run and (not good or (not _leans(said) and _count(passage, run) + len(said.split()) > LONGEST)):
            yield _unit(passage, run, None)
            run = []
        if good and (run or not _leans(said)):
            run.append(span)
            if leads:
                yield _unit(passage, run, code)
                run = []
    if run:
        yield _unit(passage, run, None)


def _leans(said: str) -> bool:
    """Whether a sentence leans on one before it."""
    return _LEANS.match(said) is not None or not {"this", "these", "those"}.isdisjoint(said.casefold().split())


def _says_much(said: str, passage: Passage, is_alone: bool) -> bool:
    """Whether a sentence is more than a heading, or than an item of a few words."""
    headings = {heading.strip(" .!?") for heading in (passage.title, *passage.headings)}
    return said.strip(" .!?") not in headings and not (is_alone and len(said.split()) < _ITEM)


def _unit(passage: Passage, run: Sequence[Span], code: Span | None) -> Unit:
    texts = tuple(_as_said(passage, *span) for span in run)
    return Unit(passage, tuple(run), texts, code)


def _as_said(passage: Passage, start: int, end: int) -> str:
    """A sentence for people; a glossary's term, which stands on a line before its definition, gets a colon."""
    text, term = passage.text[start:end], _term(passage.text, start, end)
    said = plain(text[len(term) :], passage.document)
    said = said[:-1] if said.endswith("::") else said
    return f"{plain(term, passage.document).capitalize()}: {said}" if term else said


def _term(text: str, start: int, end: int) -> str:
    """The term that begins a glossary's definition, "" for other text: the definition's lines stand further in."""
    term, _, definition = text[start:end].partition("\n")
    before = text[text.rfind("\n", 0, start) + 1 : start]
    is_in = len(definition) - len(definition.lstrip()) > len(before)
    # What stands before a passage's first line, its indent too, is not known.
    is_term = is_in and not before.strip() and not term.rstrip().endswith((".", ",", ":"))
    return term if is_term and len(term.split()) <= _TERM else ""


def _count(passage: Passage, run: Sequence[Span]) -> int:
    return sum(len(passage.text[slice(*span)].split()) for span in run)


def _whole_sentences(text: str, block: _Block) -> Iterator[Span]:
    """The sentences of a block; one that seems to end at an abbreviation goes on."""
    spans = [(block.start + a, block.start + b) for a, b in sentences(text[block.start : block.end])]
    begin = None
    for span, after in pairwise([*spans, None]):
        assert span is not None  # only the last of the pairs is None
        begin = span[0] if begin is None else begin
        goes_on = after is not None and (
            text[after[0]].islower() or _ABBREVIATION.search(text[span[0] : span[1]]) is not None
        )
        if not goes_on:
            yield begin, span[1]
            begin = None


def _is_good(said: str, *, begins: bool) -> bool:
    """Whether a sentence is whole, prose, and points to nothing that is not there."""
    return (
        _FEWEST <= len(said.split()) <= _MOST
        and _END.search(said) is not None
        and (begins or not said[0].islower())
        and said.count("(") == said.count(")")
        and said.count("`") % 2 == 0
        and not said.startswith(("..", ":", "#", "|", ">", "(", "["))
        and _is_prose(said)
        and not _POINTS.search(said)
    )
