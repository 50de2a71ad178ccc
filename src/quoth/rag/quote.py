"""The words of a passage that say an answer: verbatim, with their place."""

from __future__ import annotations

import re

from quoth.types import Passage

# A sentence ends at its mark and a space, or at an empty line; spans are all that is needed here.
_SENTENCE = re.compile(r"\S.*?(?:[.!?][\"'”’)\]]*(?=\s)|(?=\n\s*\n)|\Z)", re.DOTALL)
_WORD = re.compile(r"\w+")
LONGEST = 300


def find_quote(passage: Passage, answer: str, question: str) -> tuple[int, int]:
    """The span, in the document, of the sentence that says the answer; the quote is `text[start:end]`.

    It is the sentence that holds the answer to the letter (case and white space aside), and of several
    such the one with most words of the question; where none does, the one with most words of both.
    """
    found = sentences(passage.text)
    if not found:
        return passage.start, passage.end
    told, asked = _words(answer), _words(question)

    def nearness(span: tuple[int, int]) -> tuple[bool, int, int]:
        sentence = passage.text[slice(*span)]
        seen = _words(sentence)
        return bool(told) and _flat(answer) in _flat(sentence), len(told & seen), len(asked & seen)

    start, end = max(found, key=nearness)
    return passage.start + start, passage.start + min(end, start + LONGEST)


def sentences(text: str) -> list[tuple[int, int]]:
    """The (start, end) of each sentence, without the white space between them."""
    return [(match.start(), match.end()) for match in _SENTENCE.finditer(text)]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _flat(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .")
