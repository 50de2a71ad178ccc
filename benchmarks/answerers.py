"""Who answers in `first_token.py`: Quoth, LlamaIndex and Haystack, each with one GGUF model through llama.cpp.

Each is given a question and its passages and tells when each piece of its answer came. The peers run as their
own documentation shows it, with llama-cpp-python's `Llama`, which keeps the cells of the last prompt and reads
only what comes after the prefix that two prompts share.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from pool import Given
from quoth.assistants.ask import Asker
from quoth.generators import LanguageModel
from quoth.settings import Settings
from quoth.types import Decoding, Hit

MAX_TOKENS, STOP = 12, "\n"
CELLS, BATCH = 4096, 2048

# Haystack's own, from its documentation of PromptBuilder.
HAYSTACK_PROMPT = """\
Given the following information, answer the question.

Context:
{% for document in documents %}
    {{ document.content }}
{% endfor %}

Question: {{ question }}
Answer:"""


@dataclass(frozen=True, slots=True)
class Run:
    """One answer: `stamps` are the seconds after which each piece came, `total` those of the whole."""

    text: str
    stamps: tuple[float, ...]
    total: float
    tokens: int
    abstained: bool = False

    @property
    def first(self) -> float:
        """Seconds to the first piece; of an empty answer, to its end."""
        return self.stamps[0] if self.stamps else self.total

    def until(self, tokens: int) -> float:
        """Seconds until so many pieces, or all, had come."""
        return self.stamps[min(tokens, len(self.stamps)) - 1] if self.stamps and tokens else self.total


class Answerer(Protocol):
    """One of those compared."""

    name: str

    def run(self, question: str, hits: Sequence[Hit]) -> Run:
        """Answer once."""


class QuothAnswerer:
    """All that `quoth ask` does but finding the passages: prompts, reading, decoding, provenance, quotes."""

    def __init__(self, decoding: Decoding, model: LanguageModel, passages: int, note: str = "") -> None:
        self.name = f"Quoth, {decoding}{note}"
        self._given = Given()
        settings = Settings(
            decoding=decoding,
            passages=passages,
            max_tokens=MAX_TOKENS,
            beams=1,  # greedy, as the peers are
            min_confidence=0.0,  # withheld answers would take as long
        )
        self._asker = Asker(self._given, model, settings)

    def run(self, question: str, hits: Sequence[Hit]) -> Run:
        """Answer once."""
        self._given.hits = hits
        watch = _Watch()
        stream = self._asker.stream(question)
        watch.over(stream)
        answer = stream.answer
        return watch.done(answer.text, len(answer.tokens), answer.abstained)


class LlamaIndexAnswerer:
    """`get_response_synthesizer`: the compact mode, which puts all passages into its question-answering prompt."""

    name = "LlamaIndex"

    def __init__(self, path: Path, threads: int) -> None:
        from llama_index.core import get_response_synthesizer
        from llama_index.llms.llama_cpp import LlamaCPP

        model = LlamaCPP(
            model_path=str(path),
            temperature=0.0,
            max_new_tokens=MAX_TOKENS,
            context_window=CELLS,
            generate_kwargs={"stop": [STOP]},
            model_kwargs=_runtime(threads) | {"n_batch": BATCH},
            verbose=False,
        )
        self._synthesizer = get_response_synthesizer(llm=model, streaming=True)

    def run(self, question: str, hits: Sequence[Hit]) -> Run:
        """Answer once."""
        from llama_index.core.schema import NodeWithScore, TextNode

        nodes = [NodeWithScore(node=TextNode(text=hit.passage.text), score=hit.score) for hit in hits]
        watch = _Watch()
        watch.over(self._synthesizer.synthesize(question, nodes=nodes).response_gen)
        return watch.done()


class HaystackAnswerer:
    """A pipeline of `PromptBuilder` and `LlamaCppChatGenerator` with a streaming callback.

    Since its version 3 there is only the chat generator. The default model is a base model without a template in
    its file, for which the runtime takes Llama 2's and then says nothing; it is given that of its family.
    """

    name = "Haystack"

    def __init__(self, path: Path, threads: int) -> None:
        from haystack import Pipeline
        from haystack.components.builders import PromptBuilder
        from haystack_integrations.components.generators.llama_cpp import LlamaCppChatGenerator

        generator = LlamaCppChatGenerator(
            str(path),
            n_ctx=CELLS,
            n_batch=BATCH,
            model_kwargs=_runtime(threads) | {"verbose": False, "chat_format": "gemma"},
            generation_kwargs={"max_tokens": MAX_TOKENS, "temperature": 0.0, "stop": [STOP]},
        )
        self._pipeline = Pipeline()
        self._pipeline.add_component("prompt", PromptBuilder(HAYSTACK_PROMPT, required_variables="*"))
        self._pipeline.add_component("model", generator)
        self._pipeline.connect("prompt", "model")
        self._pipeline.warm_up()

    def run(self, question: str, hits: Sequence[Hit]) -> Run:
        """Answer once."""
        from haystack import Document

        documents = [Document(content=hit.passage.text) for hit in hits]
        watch = _Watch()
        prompt = {"documents": documents, "question": question}
        callback = {"streaming_callback": lambda chunk: watch.piece(chunk.content)}
        self._pipeline.run({"prompt": prompt, "model": callback})
        return watch.done()


def peers(path: Path, threads: int) -> list[Answerer]:
    """Those of the peers that are installed."""
    found: list[Answerer] = []
    if find_spec("llama_index") and find_spec("llama_index.llms.llama_cpp"):
        found.append(LlamaIndexAnswerer(path, threads))
    if find_spec("haystack") and find_spec("haystack_integrations"):
        found.append(HaystackAnswerer(path, threads))
    return found


def _runtime(threads: int) -> dict[str, Any]:
    """What the peers give the runtime: as Quoth has it; with all cells of the sliding window, prefixes can be kept."""
    return {"n_threads": threads, "n_threads_batch": threads, "flash_attn": True, "swa_full": True}


class _Watch:
    """Notes when the pieces of an answer come."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._stamps: list[float] = []
        self._pieces: list[str] = []

    def piece(self, text: str) -> None:
        """A piece has come; an empty one is none."""
        if text:
            self._stamps.append(time.perf_counter() - self._start)
            self._pieces.append(text)

    def over(self, pieces: Iterable[str]) -> None:
        """All pieces, as they come."""
        for text in pieces:
            self.piece(text)

    def done(self, text: str | None = None, tokens: int | None = None, abstained: bool = False) -> Run:
        """The answer is there; where it does not say so itself, its pieces are its text and its tokens."""
        total = time.perf_counter() - self._start
        said = "".join(self._pieces) if text is None else text
        return Run(said.strip(), tuple(self._stamps), total, len(self._stamps) if tokens is None else tokens, abstained)
