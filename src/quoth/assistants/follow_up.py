"""Which messages stand alone, and what the others ask: a plain rule for English, by lists of words.

A follow-up is put together with the last question that stood alone, in the way that its words ask for:

    What is a docstring?                   and for a script?       What is a docstring for a script?
    What is a docstring?                   how long should it be?  how long should a docstring be?
    How do I install a package with pip?   and uninstall?          How do I uninstall (install a package with pip)?
    How do I install a package with pip?   how do I undo it?       how do I undo it (install a package with pip)?

Both questions one behind the other find as much, but a small model answers the first of them (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Sequence

from quoth.assistants import cues
from quoth.assistants.turns import Turn

# A message of more words says enough by itself; of a longer question its beginning is what it is about.
LONG, LONGEST_BASE = 30, 40
_END = " ?.!"
_MARKS = ".,;:!?\"'`()[]{}*“”‘’…"


def follow_up(turns: Sequence[Turn], message: str) -> str:
    """The message where it stands alone, else with what it goes on from before it."""
    said = [turn.message for turn in turns if turn.message.split()]
    words = _words(message)
    if not said or not words or stands_alone(message):
        return message
    points = bool(cues.POINTERS & set(_plain(words)))
    return _together(_words(_base(said, points))[:LONGEST_BASE], words)


def told(history: Sequence[tuple[str, str]]) -> list[Turn]:
    """Turns of which only the messages and answers are known."""
    turns: list[Turn] = []
    for message, answer in history:
        turns.append(Turn(message, follow_up(turns, message), answer))
    return turns


def stands_alone(message: str) -> bool:
    """Whether a message says by itself what it is about."""
    words = _plain(message.split())
    if len(words) > LONG:
        return True
    if not words or words[0] in cues.OPENERS or " ".join(words).startswith(cues.FRAMES):
        return False
    content = 0
    for word in words:
        if word in cues.POINTERS and content < 2:
            return False
        content += word not in cues.FRAME_WORDS
    return content > 0 and not (words[0] in cues.PLACING and content < 3)


def _base(said: Sequence[str], points: bool) -> str:
    """What a message goes on from: the last that stands alone; `it` may also mean the set of an `and a set?`."""
    for i in range(len(said) - 1, 0, -1):
        if stands_alone(said[i]):
            return said[i]
        if points and _opening(_words(said[i])):
            return _together(_words(_base(said[:i], points)), _words(said[i]))
    return said[0]


def _together(base: list[str], message: list[str]) -> str:
    """One question of the two."""
    frame, topic, is_thing = _parted(base)
    rest = message[_opening(message) :] or message
    plain = _plain(rest)
    pointer = next((i for i, word in enumerate(plain) if word in cues.POINTERS), None)
    asks = bool(cues.ASKING & set(plain[:2]))
    begins = frame if len(rest) < len(message) and not asks else []
    if is_thing and pointer is not None:
        return _question([*begins, *rest[:pointer], *_named(topic, plain[pointer]), *rest[pointer + 1 :]])
    if plain[0] in cues.PLACING and not asks:
        return _question([*base, *rest])
    return _question([*begins, *rest], topic)


def _named(thing: list[str], pointer: str) -> list[str]:
    """A thing in the place of what points to it: `its` -> `a docstring’s`, `longer ones` -> `longer docstring`."""
    if pointer in cues.ONES and thing[0].casefold() in cues.ARTICLES:
        return thing[1:] or thing
    return [*thing[:-1], thing[-1] + "’s"] if pointer in cues.OWNERS else thing


def _parted(base: list[str]) -> tuple[list[str], list[str], bool]:
    """How a question asks, what it asks about, and whether that is a thing: `What is`, `a docstring`, True."""
    plain = _plain(base)
    start = next((i for i, word in enumerate(plain) if word in cues.ARTICLES or word not in cues.FRAME_WORDS), 0)
    end = len(base)
    while end > start + 1 and plain[end - 1] in cues.EMPTY_VERBS:
        end -= 1
    is_thing = start > 0 and plain[start - 1] in (cues.BEING if end == len(base) else cues.DOING)
    return base[:start], base[start:end], is_thing


def _opening(message: list[str]) -> int:
    """How many words at its beginning only say that a message goes on."""
    plain = _plain(message)
    if plain[:2] in (["what", "about"], ["how", "about"]):
        return 2
    return int(plain[0] in cues.ADDING)


def _question(words: list[str], about: Sequence[str] = ()) -> str:
    return f"{' '.join(words)} ({' '.join(about)})?" if about else f"{' '.join(words)}?"


def _words(text: str) -> list[str]:
    """The words of a question, without what ends it."""
    return text.rstrip(_END).split() or text.split()


def _plain(words: Sequence[str]) -> list[str]:
    """Words in lower case, without the marks around them; as many as were given, unless nothing is left of one."""
    return [word.casefold().strip(_MARKS) or word for word in words]
