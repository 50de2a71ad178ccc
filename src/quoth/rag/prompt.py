"""Questions and passages as prompts: `instructions, passage, question`, in that order.

The passage comes before the question so that the state of `instructions + passage` does not depend on the
question. A base model learns the task from a few examples (our own, of no data set); a model with a chat
template is told it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quoth.generators.base import LanguageModel, Prompt
from quoth.types import Passage

INSTRUCTIONS = "Answer the question in a few words, with words from the passage."

EXAMPLES = """\
Passage: The Danube rises in the Black Forest in Germany and flows through ten countries before it reaches \
the Black Sea. With a length of 2,850 kilometres it is the second longest river of Europe, after the Volga.
Question: How long is the Danube?
Answer: 2,850 kilometres

Passage: Sourdough is a dough that is leavened by wild yeast and bacteria. Bakers feed it with flour and \
water each day. It gives bread a sour taste and a longer life than baker's yeast does.
Question: What is sourdough?
Answer: a dough that is leavened by wild yeast and bacteria

Passage: The observatory was opened in 1931 by the astronomer Clara Lindqvist, who had paid for its \
telescope herself. It was closed during the war, and since 1962 it has been a museum.
Question: Who paid for the telescope?
Answer: Clara Lindqvist

Passage: A stable sort keeps the order of records whose keys are equal. Merge sort is stable; quicksort, as \
it is usually written, is not, because it moves records over long distances.
Question: Why is quicksort not stable?
Answer: it moves records over long distances

Passage: Sea otters eat sea urchins, crabs and mussels. They were hunted for their fur until 1911, when a \
treaty protected them; by then some 2,000 were left.
Question: In which year were sea otters protected?
Answer: 1911

"""

# Marks where passage and question go in a chat template; no template contains it.
_QUESTION = "\x02question\x02"
_BASE_TOKENS, _CHAT_TOKENS = 40, 256


@dataclass(frozen=True, slots=True)
class PromptMaker:
    """Makes prompts for one model: `before` is the instructions, `after` what follows the question."""

    model: LanguageModel
    before: tuple[int, ...]
    after: tuple[int, ...]
    is_chat: bool
    stop: str = ""

    def with_passages(self, passages: Sequence[Passage], question: str) -> Prompt:
        """One prompt: all of the passages, in this order, then the question."""
        return self.with_texts([passage.text for passage in passages], question)

    def with_texts(self, texts: Sequence[str], question: str) -> Prompt:
        """The same for passages of which only the text is known; each is a segment."""
        bodies = [self._tokens(passage_text(text)) for text in texts]
        return Prompt((self.before, *bodies, self._question(question)))

    def without(self, question: str) -> Prompt:
        """The null passage: the prompt without a passage, what the model says from memory."""
        return Prompt((self.before, self._question(question)))

    def question_tokens(self, question: str) -> int:
        """How many tokens the question itself has."""
        return len(self._tokens(_line(question)))

    def stops(self, said: Sequence[int]) -> bool:
        """Whether an answer ends before the last of these tokens: a base model's answers are one line each."""
        if not said:
            return False
        if self.model.ends(said[-1]) or (not self.is_chat and b"\n" in self.model.detokenize(said[-1:])):
            return True
        return bool(self.stop) and self.stop.encode() in self.model.detokenize(said)

    @property
    def longest(self) -> int:
        """How many tokens an answer may have, where the settings leave it open."""
        return _CHAT_TOKENS if self.is_chat else _BASE_TOKENS

    def _question(self, question: str) -> tuple[int, ...]:
        return self._tokens(f"Question: {_line(question)}\n") + self.after

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self.model.tokenize(text))


def passage_text(text: str) -> str:
    """A passage as the prompt has it; its state is kept by these words."""
    return f"Passage: {text}\n"


def prompt_maker(model: LanguageModel, stop: str = "") -> PromptMaker:
    """The prompts for `model`: its chat template where it has one, else examples; answers end before `stop`."""
    chat = model.chat(f"{INSTRUCTIONS}\n\n{_QUESTION}")
    if chat is None:
        before = model.tokenize(f"{INSTRUCTIONS}\n\n{EXAMPLES}")
        return PromptMaker(model, (*model.begin, *before), tuple(model.tokenize("Answer:")), is_chat=False, stop=stop)
    head, _, tail = chat.partition(_QUESTION)
    before, after = model.tokenize(head, special=True), model.tokenize(tail, special=True)
    return PromptMaker(model, (*model.begin, *before), tuple(after), is_chat=True, stop=stop)


def _line(question: str) -> str:
    """A question as the prompt has it: on one line."""
    return " ".join(question.split())
