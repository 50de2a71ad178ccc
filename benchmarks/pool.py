"""What the speed benchmarks read: passages of 150 words from `tools/dev`, and the questions to them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from quoth.encoders import load_encoder
from quoth.evaluation import Query, read_beir
from quoth.retrieval import log_prior
from quoth.types import Hit, Passage

DEV = Path(__file__).resolve().parent.parent / "tools" / "dev"
WORDS = 150
# So that the best of five passages has about half of the prior.
TEMPERATURE = 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its k passages."""

    text: str
    hits: tuple[Hit, ...]


class Given:
    """The `Retriever` that is told what to find, so that finding takes no time."""

    def __init__(self) -> None:
        self.hits: Sequence[Hit] = ()

    def retrieve(self, _question: str, k: int) -> list[Hit]:
        """The first k of the hits that were set."""
        return list(self.hits[:k])


def read_passages() -> list[Passage]:
    """The paragraphs of each title, joined and cut after every 150th word; what is left over stays out."""
    passages = []
    for title, texts in groupby(read_beir(DEV).corpus.values(), key=lambda row: row[0]):
        words = " ".join(text for _, text in texts).split()
        for start in range(0, len(words) - WORDS + 1, WORDS):
            text = " ".join(words[start : start + WORDS])
            passages.append(Passage(f"{title}-{start}", title, text, 0, len(text)))
    return passages


def read_questions(count: int, k: int, seed: int = 0) -> list[Asked]:
    """At most `count` questions whose answer stands in the pool, each with its k nearest passages, best first."""
    passages, encoder = read_passages(), load_encoder()
    vectors = encoder.encode([passage.text for passage in passages])
    queries = [query for query in read_beir(DEV).queries if any(_says(p, query) for p in passages)]
    chosen = random.Random(seed).sample(queries, min(count, len(queries)))
    return [_asked(query, passages, vectors @ encoder.encode([query.text])[0], k) for query in chosen]


def _says(passage: Passage, query: Query) -> bool:
    return any(answer in passage.text for answer in query.answers)


def _asked(query: Query, passages: Sequence[Passage], nearness: np.ndarray, k: int) -> Asked:
    """The question with the k passages of the highest cosine."""
    best = [int(i) for i in np.argsort(-nearness)[:k]]
    prior = log_prior(nearness[best].tolist(), TEMPERATURE)
    hits = [
        Hit(passages[i], rank, float(nearness[i]), float(log), float(nearness[i]))
        for rank, (i, log) in enumerate(zip(best, prior, strict=True), start=1)
    ]
    return Asked(query.text, tuple(hits))
