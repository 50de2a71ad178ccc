"""What people ask of a knowledge base: answers, conversations, texts, new pictures, and the places of its sources."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from quoth.answer import Answer, Source
from quoth.assistants.ask import AnswerStream, Asker
from quoth.assistants.batch import AT_ONCE, AT_SERVER, Unanswered, ask_all
from quoth.assistants.chat import Chat, begin
from quoth.assistants.conversations import Conversations
from quoth.assistants.rewriting import rewriter
from quoth.engine import Engine
from quoth.manifest import CONVERSATIONS_FOLDER
from quoth.reading import InPlace, read_in_place
from quoth.showing import Showing
from quoth.types import Hit, Passage

if TYPE_CHECKING:
    from quoth.assistants.draw import Drawer
    from quoth.writing import Outline, WritingStream


class Asking(Engine):
    """The part of `quoth.KnowledgeBase` that answers."""

    def ask(self, question: str) -> Answer:
        """Answer a question from the documents, or say that they do not say it.

        Raises:
            UsageError: the question is empty or longer than 500 words.
            NotFoundError: there is no knowledge base, or the model's file is missing.
            ModelError: the model cannot be loaded or the prompts do not fit it.
        """
        return self.stream(question).answer

    def stream(self, question: str) -> AnswerStream:
        """Like `ask`, piece by piece: iterate over the text, then take `.answer`."""
        self._must_exist()
        return self._begun(question)

    def _begun(self, question: str) -> AnswerStream:
        return self._asker.stream(question).showing(self._showing)

    def show(self, source: Source | Hit | Passage) -> bytes:
        """The page or the picture that a source stands on, with what is quoted marked, as a JPEG file.

        Raises:
            UsageError: it is text of a format without pages.
            DocumentError: its file is gone, has changed since it was added, or cannot be drawn.
        """
        self._must_exist()
        return self._showing(source)

    @property
    def _showing(self) -> Showing:
        return Showing(self.folder, self._store.viewer)

    def ask_all(self, questions: Iterable[str]) -> Iterator[Answer | Unanswered]:
        """Answer many questions: an answer for each, in order and as they come, or why there is none.

        Some are answered at a time; closed before the end (`contextlib.closing`), it gives those up.

        Raises:
            NotFoundError, ModelError: as `ask`, before the first; afterwards only what `questions` raises.
        """
        self._must_exist()
        at_once = AT_ONCE if isinstance(self._asker, Asker) else AT_SERVER
        return ask_all(self._begun, questions, at_once)

    def outline(self, brief: str, **wishes: object) -> Outline:
        """Plan a text, to be edited and given to `write`; `wishes` and errors are those of `write`."""
        self._must_exist()
        return self._writer(wishes).outline(brief)

    def write(self, brief: str, outline: Outline | None = None, **wishes: object) -> WritingStream:
        """Write a text from the documents, section by section, each sentence with what supports it.

        A base model chooses sentences of the documents, a model that follows instructions writes its own.

        Args:
            brief: what to write, like "a blog post on decorators".
            outline: what it is to be about; by default that of `outline`.
            wishes: those of `quoth.writing.Wishes`: `length` in words (800), `tone`, `audience`, and `strict`, which
                leaves out what no passage supports.

        Raises:
            UsageError: the brief is empty, a wish does not exist or is impossible, or the documents say nothing of it.
            NotFoundError, ModelError: as `ask`.
        """
        self._must_exist()
        return self._writer(wishes).write(brief, outline)

    def read(self, passage_id: str, around: int = 1) -> InPlace:
        """A passage with at most `around` neighbours on each side; see `quoth.reading`.

        Raises:
            NotFoundError: there is no knowledge base, or no such passage.
        """
        self._must_exist()
        return read_in_place(self._store, passage_id, around)

    def chat(
        self,
        history: Sequence[tuple[str, str]] = (),
        rewrite: bool = True,
        *,
        file: str | os.PathLike[str] | None = None,
    ) -> Chat:
        """A conversation: a follow-up is rewritten into a question that stands alone, and that is answered.

        Args:
            history: what has been said, as pairs of a message and its answer; of a `file` that exists, this is in it.
            rewrite: False takes each message as it is.
            file: keeps the conversation, see `quoth.assistants.conversations`; one that exists is gone on with.

        Raises:
            NotFoundError: there is no knowledge base.
            UsageError: both `history` and `file` are given.
            StoreError: the file cannot be read.
        """
        self._must_exist()
        by = rewriter(lambda: self._generator) if rewrite else None
        return begin(self.stream, history, by, file)

    @property
    def conversations(self) -> Conversations:
        """The named conversations kept in its folder."""
        return Conversations(self.folder / CONVERSATIONS_FOLDER)

    @property
    def generator_name(self) -> str:
        """What people call the generator; loads it, if it is not a server's."""
        return self._generator.name

    @property
    def draw(self) -> Drawer:
        """New pictures after those that are here: `kb.draw("a cat")`; see `quoth.assistants.draw.Drawer`."""
        # Pillow is for those who have pictures.
        from quoth.assistants.draw import Drawer

        made = Drawer(self.settings, self._references, self.gallery.previews)
        return self._drawers.setdefault(self.settings.image_model, made)

    @cached_property
    def _drawers(self) -> dict[str, Drawer]:
        """By their models; those with other settings have them in common."""
        return self._origin._drawers if self._origin else {}

    def _references(self, words: str, k: int) -> list[Hit]:
        self._must_exist()
        return self._by_words(words, k, "image")
