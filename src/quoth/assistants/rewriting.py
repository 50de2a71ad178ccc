"""Follow-ups rewritten by a model that can be told to; for a base model a plain rule does it (docs/experiments.md)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from quoth.assistants.follow_up import follow_up
from quoth.assistants.turns import Turn
from quoth.generators import LanguageModel, Prompt, Stop, greedy
from quoth.generators.remote_loading import is_at_home

if TYPE_CHECKING:
    from quoth.generators.remote import RemoteModel

Rewrite = Callable[[Sequence[Turn], str], str]
"""The turns so far and a message -> a question that stands alone: the message itself where it does."""

TASK = """\
Rewrite the last question of this conversation so that it is understood without the conversation: name what it refers \
to, keep its meaning and its language. If it is understood without the conversation already, repeat it as it is. \
Write the question alone."""

# What was said longer ago is seldom meant; a question of more words is no question.
TURNS, LONGEST_WORDS, LONGEST_TOKENS = 4, 60, 96
_LAST = "\x02last\x02"


def rewriter(load_model: Callable[[], LanguageModel | RemoteModel]) -> Rewrite:
    """What rewrites for a model, here or a server's; it is loaded with the first message that follows another.

    It raises what loading and asking the model raise.
    """

    @cache
    def made() -> Rewrite:
        model = load_model()
        return by_model(model) if is_at_home(model) else by_server(model)

    def rewrite(turns: Sequence[Turn], message: str) -> str:
        return made()(turns, message)

    return rewrite


def by_server(model: RemoteModel) -> Rewrite:
    """Rewriting by the model of a server."""

    def rewrite(turns: Sequence[Turn], message: str) -> str:
        said = "".join(model.complete(f"{TASK}\n\n{_told(turns, message)}", max_tokens=LONGEST_TOKENS, temperature=0.0))
        return _checked(said, turns, message)

    return rewrite


def by_model(model: LanguageModel) -> Rewrite:
    """Rewriting by a model with a chat template, greedily; by the rule for one without."""
    chat = model.chat(f"{TASK}\n\n{_LAST}")
    if chat is None:
        return follow_up
    head, _, tail = chat.partition(_LAST)
    before = (*model.begin, *model.tokenize(head, special=True))
    after = model.tokenize(tail, special=True)

    def rewrite(turns: Sequence[Turn], message: str) -> str:
        conversation = Prompt((before, (*model.tokenize(_told(turns, message)), *after)))
        said, ended = greedy(model, conversation, LONGEST_TOKENS, Stop())
        return _checked(said if ended else "", turns, message)

    return rewrite


def _told(turns: Sequence[Turn], message: str) -> str:
    """The last turns and the message, a line each."""
    lines = [line for turn in turns[-TURNS:] for line in _lines(turn)]
    return "\n".join([*lines, f"Last question: {_line(message)}"])


def _lines(turn: Turn) -> list[str]:
    answer = [] if turn.abstained else [f"Answer: {_line(turn.answer)}"]
    return [f"Question: {_line(turn.message)}", *answer]


def _checked(said: str, turns: Sequence[Turn], message: str) -> str:
    """What the model said, if that can be a question; else the rule's."""
    lines = [_line(line).removeprefix("Last question: ").strip('"“” ') for line in said.splitlines()]
    question = next((line for line in lines if line), "")
    if not question or len(question.split()) > LONGEST_WORDS:
        return follow_up(turns, message)
    return message if question == _line(message) else question


def _line(text: str) -> str:
    return " ".join(text.split())
