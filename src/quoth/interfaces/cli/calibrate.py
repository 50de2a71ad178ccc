"""`quoth calibrate`: what confidence means, fitted on one's own questions."""

from __future__ import annotations

import dataclasses
import random
import tempfile
from pathlib import Path
from typing import Annotated

import typer

import quoth
from quoth.interfaces.cli.console import out, print_json, progress_bar
from quoth.interfaces.cli.options import Json, Kb


def calibrate(
    beir: Annotated[Path, typer.Option("--beir", metavar="DIR", help="A data set in BEIR layout, with answers.")],
    questions: Annotated[int, typer.Option(help="At most so many, drawn with a fixed seed.", min=1)] = 400,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Fit the confidence of a knowledge base's model on questions with known answers.

    The questions are asked of their own corpus; what was fitted is kept in the knowledge base.
    """
    from quoth.evaluation import calibrate as fit
    from quoth.evaluation import fill, read_beir
    from quoth.rag.calibration import save

    target, data = quoth.open(kb), read_beir(beir)
    target.status()  # it must exist before an hour is spent
    settings = {**dataclasses.asdict(target.settings), "min_confidence": 0.0, "state_disk_megabytes": 0}
    asked = random.Random(0).sample(data.queries, min(questions, len(data.queries)))
    with tempfile.TemporaryDirectory(prefix="quoth-calibrate-") as folder:
        corpus = quoth.open(folder, **settings)
        with progress_bar("Adding") as bar:
            fill(corpus, data, bar.documents)
        with progress_bar("Asking") as bar:
            calibration, report = fit(corpus, asked, bar.steps)
    save(calibration, target.folder)
    if as_json:
        print_json(dataclasses.asdict(report))
        return
    out.print(f"{report.questions} questions, {report.right:.0%} answered right", markup=False)
    out.print(f"AUROC of confidence {report.auroc:.3f}, mean error {report.error:.3f} (on questions not fitted on)")
