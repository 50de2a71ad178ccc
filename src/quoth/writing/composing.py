"""A section in a model's own words, where it follows instructions: a server's model, or one with a chat template.

At home a section is RAG-Token over its passages (Lewis et al. 2020), so that each token has its posterior over them and
the model's memory. A server's model gets them numbered in one prompt and cites them; what it cites is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from quoth.generators import LanguageModel, Prompt, Stop, greedy
from quoth.rag import MEMORY_PRIOR, Limits, Memory, Search, decode_token, finish
from quoth.rag.citations import read_citations
from quoth.rag.marginal import Logs
from quoth.rag.numbered import is_refusal
from quoth.rag.prompt import passage_text
from quoth.rag.support import provenance
from quoth.rendering import full_title
from quoth.types import Hit
from quoth.writing.text import Paragraph
from quoth.writing.tracing import trace

if TYPE_CHECKING:
    from quoth.generators.remote import RemoteModel

TOKENS_A_WORD = 1.6
_PLAN_TOKENS = 200
_PASSAGE = "\x02passage\x02"


@dataclass(frozen=True, slots=True)
class Style:
    """How a text is to sound and who is to read it; "" leaves it open."""

    tone: str = ""
    audience: str = ""

    @property
    def asked(self) -> str:
        """As a sentence of a prompt."""
        parts = [
            *([f"in a {self.tone} tone"] if self.tone else []),
            *([f"for {self.audience}"] if self.audience else []),
        ]
        return f"Write {' '.join(parts)}. " if parts else ""


class HomeWriter:
    """Writes with a model here that has a chat template."""

    def __init__(self, model: LanguageModel, style: Style) -> None:
        self._model = model
        self._style = style

    def say(self, message: str) -> str:
        """What the model says to a message, greedily."""
        model = self._model
        tokens = (*model.begin, *model.tokenize(model.chat(message) or message, special=True))
        return greedy(model, Prompt((tokens,)), _PLAN_TOKENS, Stop())[0]

    def section(self, title: str, heading: str, hits: Sequence[Hit], words: int) -> list[Paragraph]:
        """About `words` words on a heading from the passages."""
        model = self._model
        task = section_task(title, heading, words, self._style)
        head, _, tail = (model.chat(f"{_PASSAGE}{task}") or "").partition(_PASSAGE)
        before, after = (tuple(model.tokenize(part, special=True)) for part in (head, tail))
        bodies = [tuple(model.tokenize(passage_text(hit.passage.text))) for hit in hits]
        prompts = [Prompt(((*model.begin, *before), body, after)) for body in bodies]
        null = Prompt(((*model.begin, *before), after))
        limits = Limits(
            round(words * TOKENS_A_WORD), lambda said: bool(said) and model.ends(said[-1]), model.detokenize
        )
        prior = np.array([hit.log_prior for hit in hits])
        with ExitStack() as stack:
            reader = stack.enter_context(model.reserve([*prompts, null], len(prompts), limits.tokens, Stop()))
            reading = stack.enter_context(reader.read(prompts))
            memory = stack.enter_context(Memory(lambda: reader.read([null]), MEMORY_PRIOR))
            [found, *_] = finish(decode_token(reading, prior - np.logaddexp.reduce(prior), memory, limits, Search()))
        pieces, posterior = _pieces(model, found.tokens, found.posterior)
        return [] if is_refusal("".join(pieces)) else trace(pieces, posterior, hits, f"{title} {heading}")


class ServerWriter:
    """Writes with a server's model."""

    def __init__(self, model: RemoteModel, style: Style) -> None:
        self._model = model
        self._style = style

    def say(self, message: str) -> str:
        """What the model says to a message."""
        return "".join(self._model.complete(message, max_tokens=_PLAN_TOKENS, temperature=0.0))

    def section(self, title: str, heading: str, hits: Sequence[Hit], words: int) -> list[Paragraph]:
        """About `words` words on a heading from the passages; the best come last, as in `quoth.assistants.remote`."""
        numbered = [f"[{i}] {hit.passage.title}\n{hit.passage.text}" for i, hit in enumerate(hits, start=1)]
        task = section_task(title, heading, words, self._style)
        cite = "After each sentence write the numbers of the passages that say it, like [1] or [2, 3]."
        message = "\n\n".join([*reversed(numbered), f"{task} {cite}"])
        said = "".join(self._model.complete(message, max_tokens=round(words * 2 * TOKENS_A_WORD), temperature=0.0))
        text, statements = read_citations(said)
        if not text or is_refusal(text):
            return []
        found = provenance(text, statements, [hit.passage for hit in hits], f"{title} {heading}")
        return trace(found.words, found.posterior, hits, f"{title} {heading}")


def section_task(title: str, heading: str, words: int, style: Style) -> str:
    """What a model is told to write."""
    return (
        f'Write the section "{heading}" of a text called "{title}", about {words} words of flowing prose without a '
        f"heading. {style.asked}Say only what the passages above say, in your own words where you can, nothing twice."
    )


def outline_task(brief: str, count: int, hits: Sequence[Hit], style: Style) -> str:
    """What a model is told to plan."""
    found = dict.fromkeys(full_title(hit.passage) for hit in hits)
    listed = "\n".join(f"- {name}" for name in list(found)[:20])
    return (
        f"Here is what documents have on the subject:\n{listed}\n\nPlan {brief} from them. {style.asked}Answer with "
        f"Markdown and nothing else: a line `# TITLE`, then {count} lines `## HEADING`, a heading for each section."
    )


def _pieces(model: LanguageModel, tokens: Sequence[int], posterior: Logs) -> tuple[list[str], Logs]:
    """The tokens' texts with their columns; a character spread over several tokens is with the last of them."""
    pieces, columns, waiting = list[str](), list[int](), list[int]()
    for i, token in enumerate(tokens):
        waiting.append(token)
        text = model.detokenize(waiting).decode("utf-8", "replace")
        if not text.endswith("\ufffd") or i + 1 == len(tokens):
            pieces.append(text)
            columns.append(i)
            waiting.clear()
    return pieces, posterior[:, columns]
