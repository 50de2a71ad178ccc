"""A conversation: each message becomes a question that stands alone, and that is answered like any other.

What was said before decides what is asked, and nothing else: it never enters the prompts of the passages, so that their
states stay exact and answers say nothing that only the conversation said.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from quoth.answer import Answer
from quoth.assistants.ask import AnswerStream, check_question
from quoth.assistants.conversations import ConversationFile
from quoth.assistants.follow_up import told
from quoth.assistants.rewriting import Rewrite
from quoth.assistants.turns import Turn, turn_of
from quoth.errors import UsageError


class ChatStream:
    """An answer that is being written: iterate over its pieces of text, then take `answer`.

    `question`, the stand-alone question that is searched for and answered, is known from the start; `rewritten`
    tells whether it is another than the message. The turn joins the conversation when the answer is whole.
    """

    def __init__(self, message: str, question: str, stream: AnswerStream, ended: Callable[[Answer], None]) -> None:
        self.question = question
        self.rewritten = question != message
        self._stream = stream
        self._ended: Callable[[Answer], None] | None = ended

    def __iter__(self) -> Iterator[str]:
        yield from self._stream
        if self._ended:
            self._ended(self._stream.answer)
            self._ended = None

    @property
    def answer(self) -> Answer:
        """The whole answer; what has not been iterated over is waited for.

        Raises:
            QuothError: the answer could not be finished, or was stopped.
        """
        for _ in self:
            pass
        return self._stream.answer

    def close(self) -> None:
        """Stop the answer and free what it holds; unless it was whole, its turn is not part of the conversation."""
        self._stream.close()


class Chat:
    """A conversation with a knowledge base."""

    def __init__(
        self,
        ask: Callable[[str], AnswerStream],
        rewrite: Rewrite | None,
        turns: Sequence[Turn] = (),
        file: ConversationFile | None = None,
    ) -> None:
        """Begin it, or go on with it.

        Args:
            ask: answers a question that stands alone.
            rewrite: makes one of a message; None takes messages as they are.
            turns: what has been said; with a `file`, its turns are taken.
            file: where turns are kept; None keeps them nowhere.
        """
        self._ask = ask
        self._rewrite = rewrite
        self._turns = tuple(file.turns if file else turns)
        self._file = file
        self.last: Answer | None = None

    @property
    def turns(self) -> tuple[Turn, ...]:
        """What has been said, oldest first."""
        return self._turns

    @property
    def warning(self) -> str:
        """What was wrong with the conversation's file: a last line that a kill broke; "" is nothing."""
        return self._file.broken if self._file else ""

    def say(self, message: str) -> ChatStream:
        """Answer a message, piece by piece.

        Raises:
            UsageError: the message is empty or longer than 500 words.
            ModelError: the model that rewrites cannot be reached.
        """
        check_question(message)
        question = self._rewrite(self._turns, message) if self._rewrite and self._turns else message
        return ChatStream(message, question, self._ask(question), lambda answer: self._end(message, answer))

    def undo(self) -> Turn:
        """Forget the last turn, in the conversation's file too.

        Raises:
            UsageError: there is none.
            StoreError: the file cannot be written.
        """
        if not self._turns:
            raise UsageError("there is no turn to take back", "say something first")
        if self._file:
            self._file.undo()
        *before, last = self._turns
        self._turns, self.last = tuple(before), None
        return last

    def _end(self, message: str, answer: Answer) -> None:
        turn = turn_of(message, answer)
        self.last = answer
        if self._file:
            self._file.append(turn)
        self._turns = (*self._turns, turn)


def begin(
    ask: Callable[[str], AnswerStream],
    history: Sequence[tuple[str, str]],
    rewrite: Rewrite | None,
    file: str | os.PathLike[str] | None,
) -> Chat:
    """A conversation, see `quoth.KnowledgeBase.chat`."""
    if history and file is not None:
        raise UsageError("both a history and a file of one were given", "give one of them")
    kept = ConversationFile(Path(file)) if file is not None else None
    return Chat(ask, rewrite, told(history), kept)
