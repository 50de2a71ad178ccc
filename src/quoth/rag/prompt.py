"""Questions and passages as prompts: `instructions, passage, question`, in that order.

The passage comes before the question so that the state of `instructions + passage` does not depend on the
question. A base model learns the task from a few examples (our own, of no data set), several questions to each
passage, answers in quotation marks (docs/experiments.md); a model with a chat template is told it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from quoth.generators.base import Image, LanguageModel, Prompt
from quoth.generators.state_folder import picture_name
from quoth.types import Passage

INSTRUCTIONS = "Answer the question in a few words, with words from the passage."

EXAMPLES = """\
Passage: The Danube rises in the Black Forest in Germany, where the Brege and the Breg meet at Donaueschingen, and \
flows through ten countries, four capitals and the gorge of the Iron Gates before it reaches the Black Sea in \
Romania. With a length of 2,850 kilometres it is the second longest river of Europe, after the Volga, which has 3,530 \
kilometres. Steamships have run on it since 1830. A canal, opened in 1992 after thirty-two years of work, joins it \
with the Main and so with the North Sea.
Question: How long is the Danube?
Answer: "2,850 kilometres"
Question: Which river is longer than the Danube?
Answer: "the Volga"
Question: What joined the Danube with the Main?
Answer: "a canal"
Question: Where do the Brege and the Breg meet?
Answer: "Donaueschingen"

Passage: The observatory was opened in 1931 by the astronomer Clara Lindqvist, who had paid for its telescope herself \
with the money that her father, the shipowner Nils Lindqvist, had left her. Its first director was Otto Brandt, a \
pupil of Hale, who discovered two comets there. It was closed during the war because its dome could be seen from the \
sea, and since 1962 it has been a museum. About 40,000 people visit it each year, most of them in August, when the \
Perseids fall.
Question: Who paid for the telescope?
Answer: "Clara Lindqvist"
Question: Why was the observatory closed during the war?
Answer: "its dome could be seen from the sea"
Question: How many people visit the museum each year?
Answer: "40,000"
Question: What did Brandt discover?
Answer: "two comets"

Passage: Sea otters eat sea urchins, crabs and mussels, up to a quarter of their own weight a day, and crack the \
shells with stones that they keep under an arm. Because urchins graze on kelp, bays without otters lose their kelp \
forests. They were hunted for their fur until 1911, when a treaty between four countries protected them; by then some \
2,000 of perhaps 200,000 were left. Oil is now their worst enemy, since it takes the air out of the fur that keeps \
them warm.
Question: In which year were sea otters protected?
Answer: "1911"
Question: What do sea otters use to crack shells?
Answer: "stones"
Question: What happens to bays without otters?
Answer: "lose their kelp forests"
Question: What is the greatest danger to sea otters today?
Answer: "Oil"

"""

# Marks where passage and question go in a chat template; no template contains it.
_QUESTION = "\x02question\x02"
# So many of a question's tokens are asked about: each costs as much as reading one (docs/experiments.md).
TELLING = 8
_ASKING = "Question:"
_BASE_TOKENS, _CHAT_TOKENS = 16, 256


@dataclass(frozen=True, slots=True)
class PromptMaker:
    """Makes prompts for one model: `before` is the instructions, `after` what follows the question."""

    model: LanguageModel
    before: tuple[int, ...]
    after: tuple[int, ...]
    is_chat: bool
    stop: str = ""

    def with_passages(
        self, passages: Sequence[Passage], question: str, images: Mapping[str, Image] = MappingProxyType({})
    ) -> Prompt:
        """One prompt: all of the passages, in this order, then the question; `images`, by passage id, are looked at."""
        bodies = [self._body(passage, images.get(passage.id)) for passage in passages]
        shown = [images[passage.id] for passage in passages if passage.id in images]
        return self._prompt(bodies, question, shown)

    def with_texts(self, texts: Sequence[str], question: str) -> Prompt:
        """The same for passages of which only the text is known; each is a segment."""
        bodies = [self._tokens(passage_text(text)) for text in texts]
        return self._prompt(bodies, question)

    def _body(self, passage: Passage, image: Image | None) -> tuple[int, ...]:
        """A passage's segment. Of a picture that is looked at, what its encoder sees in it is left out."""
        if image is None:
            return self._tokens(passage_text(passage.text))
        before, after = picture_texts(passage.said)
        return self._tokens(before) + image.tokens + self._tokens(after)

    def without(self, question: str) -> Prompt:
        """The null passage: the prompt without a passage, what the model says from memory."""
        return self._prompt([], question)

    def stops(self, said: Sequence[int]) -> bool:
        """Whether an answer ends before the last of these tokens: a base model's stand in quotation marks."""
        if not said:
            return False
        last = self.model.detokenize(said[-1:])
        if self.model.ends(said[-1]) or (not self.is_chat and (b'"' in last or b"\n" in last)):
            return True
        return bool(self.stop) and self.stop.encode() in self.model.detokenize(said)

    @property
    def longest(self) -> int:
        """How many tokens an answer may have, where the settings leave it open."""
        return _CHAT_TOKENS if self.is_chat else _BASE_TOKENS

    def _prompt(self, bodies: Sequence[tuple[int, ...]], question: str, images: Sequence[Image] = ()) -> Prompt:
        tail = self._tokens(f"{_ASKING} {_line(question)}\n") + self.after
        return Prompt((self.before, *bodies, tail), self._telling(tail), tuple(images))

    def _telling(self, tail: Sequence[int]) -> tuple[int, ...]:
        """The places of the question's rarest tokens, which tell passages apart best; not of what stands around it.

        A tokenizer that was trained by merging numbers its tokens in the order of the merges: rarer ones are higher.
        """
        first, last = len(self._tokens(_ASKING)), len(self._tokens("\n")) + len(self.after)
        places = range(first, len(tail) - last)
        return tuple(sorted(sorted(places, key=lambda i: -tail[i])[:TELLING]))

    def _tokens(self, text: str) -> tuple[int, ...]:
        return tuple(self.model.tokenize(text))


def passage_text(text: str) -> str:
    """A passage as the prompt has it."""
    return f"Passage: {text}\n"


def passage_name(text: str) -> bytes:
    """What the state of a passage is kept by: its words as the prompt has them."""
    return passage_text(text).encode("utf-8", "replace")


def look_name(passage: Passage) -> bytes:
    """The same of a picture that is looked at."""
    return picture_name("".join(picture_texts(passage.said)).encode("utf-8", "replace"), passage.picture)


def picture_texts(said: str) -> tuple[str, str]:
    """What stands before and after a picture that is looked at: after it, what is said of it."""
    return "Passage:", f"\n{said}\n"


def prompt_maker(model: LanguageModel, stop: str = "") -> PromptMaker:
    """The prompts for `model`: its chat template where it has one, else examples; answers end before `stop`."""
    chat = model.chat(f"{INSTRUCTIONS}\n\n{_QUESTION}")
    if chat is None:
        before = model.tokenize(f"{INSTRUCTIONS}\n\n{EXAMPLES}")
        return PromptMaker(model, (*model.begin, *before), tuple(model.tokenize('Answer: "')), is_chat=False, stop=stop)
    head, _, tail = chat.partition(_QUESTION)
    before, after = model.tokenize(head, special=True), model.tokenize(tail, special=True)
    return PromptMaker(model, (*model.begin, *before), tuple(after), is_chat=True, stop=stop)


def _line(question: str) -> str:
    """A question as the prompt has it: on one line."""
    return " ".join(question.split())
