"""From signals to the probability that an answer is right: a logistic regression of a few numbers.

    p(right) = 1 / (1 + exp(-(bias + sum_i weight_i (signal_i - mean_i) / scale_i)))

Platt 1999 calibrates a score so; the regression is fitted by Newton's method with a small ridge, as in
Hastie et al., The Elements of Statistical Learning, section 4.4.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quoth.answer import Signals
from quoth.errors import StoreError
from quoth.rag.confidence import row
from quoth.rag.marginal import Logs

CALIBRATION_FILE = "calibration.json"
# As much as one more question would say for each weight: keeps them finite where the signals tell right from wrong.
RIDGE = 1.0
_STEPS = 50

NAMES = tuple(field.name for field in fields(Signals))


@dataclass(frozen=True, slots=True)
class Calibration:
    """A few numbers for one model; `mean`, `scale` and `weight` have one for each signal, in their order.

    model: the generator's name.
    questions: how many it was fitted on.
    """

    model: str
    questions: int
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    bias: float

    def probability(self, signals: Signals) -> float:
        """The probability that the answer is right and supported, in [0, 1]."""
        return float(probabilities(self, row(signals)[None])[0])


def probabilities(calibration: Calibration, signals: Logs) -> Logs:
    """(n,) the same for (n, 6) signals."""
    standard = (signals - np.array(calibration.mean)) / np.array(calibration.scale)
    return np.asarray(1 / (1 + np.exp(-(calibration.bias + standard @ np.array(calibration.weight)))))


def fit(model: str, signals: NDArray[np.float64], right: NDArray[np.bool_]) -> Calibration:
    """The calibration with the highest likelihood.

    Args:
        model: the generator's name.
        signals: (n, 6) float64, a row for each question.
        right: (n,) whether its answer is right.
    """
    mean, scale = signals.mean(axis=0), signals.std(axis=0) + 1e-9
    design = np.column_stack([(signals - mean) / scale, np.ones(len(signals))])
    solution = _newton(design, right.astype(np.float64))
    return Calibration(
        model=model,
        questions=len(right),
        mean=_rounded(mean),
        scale=_rounded(scale),
        weight=_rounded(solution[:-1]),
        bias=round(float(solution[-1]), 4),
    )


def _newton(design: Logs, right: Logs) -> Logs:
    """Weights and, last, the bias, which has no ridge."""
    ridge = np.diag([*[RIDGE] * (design.shape[1] - 1), 1e-6])
    solution = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-design @ solution))
        gradient = design.T @ (right - p) - ridge @ solution
        step = np.linalg.solve((design.T * (p * (1 - p))) @ design + ridge, gradient)
        solution = solution + step
        if np.abs(step).max() < 1e-9:
            break
    return solution


def _rounded(numbers: Logs) -> tuple[float, ...]:
    return tuple(round(float(number), 4) for number in numbers)


def save(calibration: Calibration, folder: Path) -> None:
    """Put it into the knowledge base in `folder`, at one stroke.

    Raises:
        StoreError: it cannot be written.
    """
    part = folder / f"{CALIBRATION_FILE}.part"
    try:
        part.write_text(json.dumps({**asdict(calibration), "signals": NAMES}, indent=2) + "\n", "utf-8")
        part.replace(folder / CALIBRATION_FILE)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written ({error})", "check its rights and room") from error


def load(folder: Path, model: str) -> Calibration:
    """That of the knowledge base in `folder` if it is of this model, else the one that ships.

    Raises:
        StoreError: the knowledge base's is damaged.
    """
    file = folder / CALIBRATION_FILE
    if not file.is_file():
        return SHIPPED
    try:
        values = json.loads(file.read_text("utf-8"))
        if tuple(values.pop("signals")) != NAMES:
            raise ValueError("it has other signals")
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        own = Calibration(**values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{file} cannot be read ({error})", "delete it, or run `quoth calibrate` again") from error
    return own if own.model == model else SHIPPED


SHIPPED = Calibration(
    model="Gemma 3 270m",
    questions=87,
    mean=(0.4803, 3.0232, -1.1163, -0.6126, 9.6182, 0.982),
    scale=(0.129, 1.6506, 1.4681, 0.4617, 4.9191, 0.0792),
    weight=(0.4386, 0.4267, -0.0239, 0.3624, 0.8141, 0.3059),
    bias=-1.6216,
)
"""For the default model, by `tools/fit_confidence.py` on tools/dev; others are calibrated with `quoth calibrate`."""
