"""`quoth eval`: how well it finds and answers, on a data set in BEIR layout."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import quoth
from quoth.interfaces.cli.console import out, print_json, progress_bar
from quoth.interfaces.cli.options import Json

if TYPE_CHECKING:
    from quoth.evaluation import BeirSet

app = typer.Typer(help="Measure on a data set in BEIR layout.", no_args_is_help=True)

Beir = Annotated[Path, typer.Option("--beir", metavar="DIR", help="corpus.jsonl, queries.jsonl, qrels/test.tsv.")]


@app.command(epilog="Example: quoth eval retrieval --beir scifact")
def retrieval(beir: Beir, as_json: Json = False) -> None:
    """NDCG@10 and recall of the search."""
    from quoth.evaluation import evaluate_retrieval

    with _filled(beir) as (knowledge, data), progress_bar("Searching") as bar:
        report = evaluate_retrieval(knowledge, data, bar.steps)
    values = {
        "ndcg@10": report.ndcg_at_10,
        "recall@10": report.recall_at_10,
        "recall@100": report.recall_at_100,
        "queries": report.queries,
    }
    _print(values, as_json)


@app.command(epilog="Example: quoth eval qa --beir squad2/beir --questions 50")
def qa(
    beir: Beir,
    questions: Annotated[int, typer.Option(help="How many, drawn with a fixed seed.", min=1)] = 200,
    decoding: Annotated[str, typer.Option(help="Like that of ask.")] = "sequence",
    as_json: Json = False,
) -> None:
    """Exact match and F1 of the answers to answerable questions."""
    from quoth.evaluation import evaluate_qa, sample_answerable

    with _filled(beir, decoding=decoding) as (knowledge, data), progress_bar("Asking") as bar:
        report = evaluate_qa(knowledge, sample_answerable(data, questions), bar.steps)
    values = {
        "exact_match": report.exact_match,
        "f1": report.f1,
        "questions": report.questions,
        "decoding": report.decoding,
    }
    _print(values, as_json)


@contextmanager
def _filled(beir: Path, **settings: object) -> Iterator[tuple[quoth.KnowledgeBase, BeirSet]]:
    """A knowledge base with the corpus in it, for as long as it is measured."""
    from quoth.evaluation import fill, read_beir

    data = read_beir(beir)
    with tempfile.TemporaryDirectory(prefix="quoth-eval-") as folder:
        knowledge = quoth.open(folder, **settings)
        with progress_bar("Adding") as bar:
            fill(knowledge, data, bar.documents)
        yield knowledge, data


def _print(values: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        print_json(values)
        return
    for name, value in values.items():
        out.print(f"{name:12} {value:.4f}" if isinstance(value, float) else f"{name:12} {value}")
