"""How well a knowledge base answers: exact match and F1, as SQuAD counts them.

Rajpurkar et al. 2016 (arXiv 1606.05250): answers are compared in lower case, without punctuation, articles
and surplus white space; the best of several gold answers counts.
"""

from __future__ import annotations

import random
import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from quoth.evaluation.beir import BeirSet, Query
from quoth.knowledge import KnowledgeBase
from quoth.types import Decoding

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True)
class QaReport:
    """Means over the questions, in [0, 100]; a refusal to answer counts as a wrong answer."""

    exact_match: float
    f1: float
    questions: int
    decoding: Decoding
    refused: int


def normalise(answer: str) -> str:
    """An answer as SQuAD compares it."""
    return " ".join(_ARTICLES.sub(" ", answer.lower().translate(_PUNCTUATION)).split())


def exact_match(answer: str, gold: Sequence[str]) -> float:
    """1.0 if the answer is one of the gold ones, else 0.0."""
    return float(normalise(answer) in {normalise(g) for g in gold})


def f1(answer: str, gold: Sequence[str]) -> float:
    """The harmonic mean of the precision and recall of words, in [0, 1]; the best over the gold answers."""
    return max((_f1(normalise(answer).split(), normalise(g).split()) for g in gold), default=0.0)


def _f1(said: list[str], gold: list[str]) -> float:
    common = sum((Counter(said) & Counter(gold)).values())
    if not common:
        return float(said == gold)
    precision, recall = common / len(said), common / len(gold)
    return 2 * precision * recall / (precision + recall)


def sample_answerable(data: BeirSet, count: int, seed: int = 0) -> list[Query]:
    """`count` of the questions that have answers (all, if there are fewer), always the same ones."""
    answerable = [query for query in data.queries if query.answers and not query.is_impossible]
    return random.Random(seed).sample(answerable, min(count, len(answerable)))


def evaluate_qa(
    knowledge: KnowledgeBase,
    questions: Sequence[Query],
    on_question: Callable[[int, int], None] = lambda _done, _total: None,
) -> QaReport:
    """Ask each question of a knowledge base that holds the corpus."""
    matches, scores, refused = [], [], 0
    for done, query in enumerate(questions):
        on_question(done, len(questions))
        answer = knowledge.ask(query.text)
        said = "" if answer.abstained else answer.text
        refused += answer.abstained
        matches.append(100 * exact_match(said, query.answers))
        scores.append(100 * f1(said, query.answers))
    decoding = knowledge.settings.decoding
    return QaReport(fmean(matches or [0]), fmean(scores or [0]), len(questions), decoding, refused)
