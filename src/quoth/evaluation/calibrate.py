"""Fit what `confidence` means on questions whose answers are known, and say how well it fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quoth.errors import UsageError
from quoth.evaluation.beir import Query
from quoth.evaluation.qa import f1
from quoth.knowledge import KnowledgeBase
from quoth.rag.calibration import Calibration, fit, probabilities
from quoth.rag.confidence import row
from quoth.rag.marginal import Logs

RIGHT_FROM = 0.5
FOLDS = 5
BINS = 5

Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """How well confidence tells right answers from wrong ones, on questions that the fit has not seen.

    questions: that were answered, those without an answer among them; right: the share whose answer is right.
    auroc: the probability that a right answer has more confidence than a wrong one; .5 is chance.
    error: the mean gap between confidence and the share that is right, over five bins of equal size.
    """

    questions: int
    right: float
    auroc: float
    error: float


def calibrate(
    knowledge: KnowledgeBase,
    questions: Sequence[Query],
    on_question: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Calibration, CalibrationReport]:
    """Ask the questions of a knowledge base that withholds nothing (`min_confidence` 0), and fit.

    An answer is right if its F1 with a gold answer is at least .5; to a question without answers none is.

    Raises:
        UsageError: the answers are all right or all wrong, or too few.
    """
    rows, right = [], []
    for done, query in enumerate(questions):
        on_question(done, len(questions))
        answer = knowledge.ask(query.text)
        if answer.signals is not None:
            rows.append(row(answer.signals))
            right.append(
                not answer.abstained and not query.is_impossible and f1(answer.text, query.answers) >= RIGHT_FROM
            )
    signals, truth = np.array(rows), np.array(right, np.bool_)
    if min(truth.sum(), (~truth).sum()) < 2 * FOLDS:
        counts = f"{truth.sum()} right and {(~truth).sum()} wrong answers"
        raise UsageError(f"{counts} are too few to calibrate", f"give questions with at least {2 * FOLDS} of each")
    name = knowledge.generator_name
    return fit(name, signals, truth), report(unseen(signals, truth), truth)


def unseen(signals: Logs, right: Truth) -> Logs:
    """(n,) the confidence of each answer by a fit on the other folds."""
    folds = np.random.default_rng(0).permutation(len(right)) % FOLDS
    found = np.zeros(len(right))
    for fold in range(FOLDS):
        other = folds != fold
        found[~other] = probabilities(fit("", signals[other], right[other]), signals[~other])
    return found


def report(confidence: Logs, right: Truth) -> CalibrationReport:
    """The figures for (n,) confidences and whether each answer is right."""
    return CalibrationReport(
        questions=len(right),
        right=float(right.mean()),
        auroc=auroc(confidence[right], confidence[~right]),
        error=_error(confidence, right),
    )


def auroc(positive: Logs, negative: Logs) -> float:
    """The share of pairs in which the positive one is higher, equal ones by half (Mann and Whitney 1947)."""
    higher = (positive[:, None] > negative[None, :]).mean()
    return float(higher + (positive[:, None] == negative[None, :]).mean() / 2)


def _error(confidence: Logs, right: Truth) -> float:
    bins = np.array_split(np.argsort(confidence, kind="stable"), min(BINS, len(right)))
    return float(sum(len(one) * abs(confidence[one].mean() - right[one].mean()) for one in bins) / len(right))
