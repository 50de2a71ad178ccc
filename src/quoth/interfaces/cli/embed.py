"""`quoth embed`: other embeddings for the pictures."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

import quoth
from quoth.interfaces.cli.console import out, print_json
from quoth.interfaces.cli.options import Json, Kb

if TYPE_CHECKING:
    from quoth.fitting import EmbeddingReport

app = typer.Typer(help="Fit the embeddings of pictures, and see what that does.", no_args_is_help=True)


@app.command(epilog="Example: quoth embed fit --kind pca --dimension 100")
def fit(
    kind: Annotated[str, typer.Option(help="pca, autoencoder, siamese; bridge to words; none to go back.")] = "pca",
    dimension: Annotated[int, typer.Option(help="Numbers of an embedding.", min=1)] = 100,
    whiten: Annotated[bool, typer.Option("--whiten", help="Of a PCA: give all directions the same variance.")] = False,
    labels: Annotated[
        str, typer.Option(help="What siamese brings together: views of the same picture, or folders.")
    ] = "views",
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Fit an embedding on the pictures, and use it from now on."""
    record = quoth.open(kb).pictures.fit(kind, dimension, whiten=whiten, labels=labels)
    if as_json:
        print_json(asdict(record))
        return
    out.print(f"{record.kind}, fitted on {record.pictures:,} pictures", markup=False)
    for name, value in {**record.options, **record.figures}.items():
        out.print(f"  {name.replace('_', ' '):20} {value:.4g}", markup=False)


@app.command(epilog="Example: quoth embed report")
def report(kb: Kb = None, as_json: Json = False) -> None:
    """Tell how the embeddings find, beside the vectors that they were made from."""
    found = quoth.open(kb).pictures.report()
    if as_json:
        print_json({**asdict(found), "bytes": found.bytes, "bytes_before": found.bytes_before})
    else:
        _show(found)


def _show(found: EmbeddingReport) -> None:
    kind = found.record.kind if found.record else "none"
    out.print(f"{found.pictures:,} pictures, embedding: {kind}; {found.compared:,} compared")
    rows: list[tuple[str, float, float]] = [("bytes a picture", found.bytes_before, found.bytes)]
    if found.folders:
        rows += [
            ("folder found again, R@1", found.recall_at_1_before, found.recall_at_1),
            ("folder found again, mAP", found.mean_average_precision_before, found.mean_average_precision),
        ]
    if found.bridge:
        figures = found.bridge.figures
        rows.append(("words to picture, R@5", figures["recall_at_5_before"], figures["recall_at_5"]))
        rows.append(("words to picture, 1/rank", figures["reciprocal_rank_before"], figures["reciprocal_rank"]))
    out.print(f"{'':26}{'vectors':>10}{'embeddings':>12}")
    for name, before, after in rows:
        out.print(f"{name:26}{before:>10.4g}{after:>12.4g}")
    out.print(f"{'neighbours kept, of 10':26}{'':>10}{found.neighbours_kept:>12.4g}")
