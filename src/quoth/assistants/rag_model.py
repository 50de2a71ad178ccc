"""The models of the RAG paper (Lewis et al. 2020, arXiv 2005.11401) over your own texts.

    model = quoth.rag_model("facebook/rag-token-nq")
    model.index(texts, passage_length=50)
    for answer in model.generate("What is a Python decorator?", max_length=50, num_return_sequences=1):
        print(answer, answer.sources[0].passage.text)

Nothing of Wikipedia is downloaded, and the index is exact: the inner products of all passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quoth.answer import Answer, Token
from quoth.assistants.answers import by_weight, source_of
from quoth.assistants.rag_checkpoint import RagCheckpoint, load_context_encoder, load_rag, local_or_hub
from quoth.assistants.streaming import Clock, texts_of
from quoth.errors import UsageError
from quoth.passages.words import split_words
from quoth.rag import MEMORY_PRIOR, Decoded, Limits, Memory, Search, decode_sequence, decode_token, finish
from quoth.retrieval.inner_product import InnerProductRetriever
from quoth.types import Document, Hit, Passage

if TYPE_CHECKING:
    from quoth.encoders.dpr import DprEncoder

# The checkpoints' question encoders come from DPR's that was trained on Natural Questions alone; RAG's training left
# the encoder of passages as it was, so this is the one whose vectors their questions are near.
CONTEXT_ENCODER = "facebook/dpr-ctx_encoder-single-nq-base"


def rag_model(name: str | Path, context_encoder: str | Path = CONTEXT_ENCODER) -> RagModel:
    """Load a RAG checkpoint: `facebook/rag-token-nq`, `rag-sequence-nq`, their `-base`, or one fine-tuned from them.

    Args:
        name: a folder that `transformers` saved, or a repository of the hub, which is downloaded.
        context_encoder: DPR's encoder of passages, which is no part of a RAG checkpoint; a folder or a repository.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        ModelError: the checkpoint is not of RAG, or cannot be loaded.
    """
    return RagModel(load_rag(local_or_hub(name)), local_or_hub(context_encoder))


class RagModel:
    """A RAG checkpoint: its question encoder, its generator, its way to decode, and your passages."""

    def __init__(self, checkpoint: RagCheckpoint, context_encoder: str) -> None:
        """Take the parts of a checkpoint; the encoder of passages is loaded when it is first needed."""
        self._checkpoint = checkpoint
        self._context_encoder = context_encoder
        self._contexts: DprEncoder | None = None
        self._retriever: InnerProductRetriever | None = None

    def index(self, texts: Sequence[str], passage_length: int = 100, titles: Sequence[str] | None = None) -> int:
        """Make these texts what answers come from, instead of those before.

        Args:
            texts: whole documents.
            passage_length: words in a passage, at least 1; the paper has 100.
            titles: one for each text, which encoder and generator read before each of its passages.

        Returns:
            how many passages there are.

        Raises:
            UsageError: no text holds a word, or the titles are not as many as the texts.
        """
        passages = _passages(texts, passage_length, titles)
        self._contexts = self._contexts or load_context_encoder(self._context_encoder)
        vectors = self._contexts.encode([p.text for p in passages], [p.title for p in passages])
        questions = self._checkpoint.questions
        self._retriever = InnerProductRetriever(lambda question: questions.encode([question])[0], passages, vectors)
        return len(passages)

    def retrieve(self, question: str) -> list[Hit]:
        """The passages that condition the answer, best first; `score` is the inner product.

        Raises:
            UsageError: nothing has been indexed.
        """
        if self._retriever is None:
            raise UsageError("nothing is indexed", "call index(texts) first")
        return self._retriever.retrieve(question, self._checkpoint.passages)

    def generate(
        self, question: str, max_length: int = 50, num_return_sequences: int = 1, num_beams: int = 1
    ) -> list[Answer]:
        """Answer a question as the checkpoint does: RAG-Sequence (thorough) or RAG-Token.

        Args:
            question: any text with a word.
            max_length: the longest answer, in tokens, with those that begin and end it; at least 3.
            num_return_sequences: how many distinct answers are wanted, at least 1; there may be fewer.
            num_beams: hypotheses alive at a time, for each passage in RAG-Sequence; 1 is greedy.

        Returns:
            the answers, likeliest first. `confidence` is the geometric mean of the tokens' probabilities times the
            share of the documents: it is not calibrated. A checkpoint never abstains.

        Raises:
            UsageError: nothing has been indexed, the question is empty, or a number is too small.
        """
        _check(question, max_length, num_return_sequences, num_beams)
        clock = Clock()
        hits = self.retrieve(question)
        clock.retrieved()
        decoded = self._decode(question, hits, max_length, Search(beams=num_beams, answers=num_return_sequences))
        return [self._answer(question, hits, one, clock) for one in decoded]

    def _decode(self, question: str, hits: Sequence[Hit], max_length: int, search: Search) -> list[Decoded]:
        """All answers, best first."""
        model, heard = self._checkpoint.generator, self._checkpoint.questions.heard(question)
        passages = [*(hit.passage for hit in hits), None]
        prompts = [self._checkpoint.format.prompt(model, passage, heard) for passage in passages]
        limits = Limits(max_length - len(model.start), lambda said: bool(said) and model.ends(said[-1]))
        decode = decode_sequence if self._checkpoint.decoding == "sequence" else decode_token
        memory = Memory(lambda: model.read(prompts[-1:]), MEMORY_PRIOR)
        with memory, model.read(prompts[:-1]) as reading:
            return finish(decode(reading, np.array([hit.log_prior for hit in hits]), memory, limits, search))

    def _answer(self, question: str, hits: Sequence[Hit], decoded: Decoded, clock: Clock) -> Answer:
        texts = texts_of(self._checkpoint.generator, decoded.tokens)
        text, memory = "".join(texts), float(decoded.weights[-1])
        order = by_weight(decoded.weights[:-1])
        posterior = decoded.posterior[[*order, len(hits)], : len(texts)].T.tolist()
        logs = decoded.log_probs[: len(texts)].tolist()
        return Answer(
            question=question,
            text=text,
            abstained=False,
            confidence=float(np.exp(np.mean(logs))) * (1 - memory) if logs else 0.0,
            decoding=self._checkpoint.decoding,
            tokens=tuple(Token(t, log, tuple(p)) for t, log, p in zip(texts, logs, posterior, strict=True)),
            sources=tuple(source_of(hits[z], float(decoded.weights[z]), text, question, None) for z in order),
            memory_weight=memory,
            timing=clock.timing(),
            probability=float(np.exp(decoded.log_prob)),
        )


def _passages(texts: Sequence[str], length: int, titles: Sequence[str] | None) -> list[Passage]:
    if titles is not None and len(titles) != len(texts):
        raise UsageError(f"{len(texts)} texts with {len(titles)} titles", "give one for each")
    if length < 1:
        raise UsageError(f"a passage_length of {length}", "it must be at least 1")
    names = titles or [""] * len(texts)
    passages = [
        passage
        for i, (title, text) in enumerate(zip(names, texts, strict=True), start=1)
        for passage in split_words(Document(f"text {i}", title, text, "text/plain", ""), length)
    ]
    if not passages:
        raise UsageError("the texts hold no words", "give texts to answer from")
    return passages


def _check(question: str, max_length: int, num_return_sequences: int, num_beams: int) -> None:
    if not question.split():
        raise UsageError("the question is empty", "ask something")
    numbers = {
        "max_length": (max_length, 3),
        "num_return_sequences": (num_return_sequences, 1),
        "num_beams": (num_beams, 1),
    }
    for name, (value, lowest) in numbers.items():
        if value < lowest:
            raise UsageError(f"{name} is {value}", f"it must be at least {lowest}")
