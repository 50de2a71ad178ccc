"""Which messages stand alone, and what the others ask."""

from __future__ import annotations

from collections.abc import Sequence

from quoth.assistants.cues import FRAME_WORDS, FRAMES, OPENERS, PLACING, POINTERS
from quoth.assistants.turns import Turn


def follow_up(turns: Sequence[Turn], message: str) -> str:
    """The message where it stands alone, else with what it goes on from before it."""
    if stands_alone(message):
        return message
    said = [turn.message for turn in turns]
    begun = max((i for i, one in enumerate(said) if stands_alone(one)), default=0)
    return " ".join(" ".join(one.split()) for one in [*dict.fromkeys([said[begun], said[-1]]), message])


def told(history: Sequence[tuple[str, str]]) -> list[Turn]:
    """Turns of which only the messages and answers are known."""
    turns: list[Turn] = []
    for message, answer in history:
        turns.append(Turn(message, follow_up(turns, message) if turns else message, answer))
    return turns


def stands_alone(message: str) -> bool:
    """Whether a message says by itself what it is about."""
    words = words_of(message)
    lowered = " ".join(words)
    if not words or words[0] in OPENERS or lowered.startswith(FRAMES):
        return False
    content = 0
    for word in words:
        if word in POINTERS and content < 2:
            return False
        content += word not in FRAME_WORDS
    if words[0] in PLACING and content < 3:
        return False
    return content > 0


def words_of(text: str) -> list[str]:
    """The words in lower case, without the marks around them."""
    stripped = (word.strip(".,;:!?\"'`()[]{}*“”‘’…") for word in text.casefold().split())
    return [word for word in stripped if word]
