"""`quoth similar` and `quoth map`: the pictures compared with each other."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

import quoth
from quoth.interfaces.cli.console import out, print_json
from quoth.interfaces.cli.options import Json, Kb

if TYPE_CHECKING:
    from quoth.comparing import Alike, ClusterReport, DuplicateReport, Group
    from quoth.types import Passage

    Told = tuple[Any, Sequence[Group], list[str]]
    """The JSON shape, the groups to draw, the lines for people."""

File = Optional[Path]  # noqa: UP045 - typer reads these at run time
Number = Optional[float]  # noqa: UP045
Whole = Optional[int]  # noqa: UP045
Drawn = Annotated[Path, typer.Argument(metavar="FILE", help="A page (.html) or a picture (.png).", show_default=False)]


def similar(
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Groups of what is nearly the same picture.")
    ] = False,
    threshold: Annotated[
        Number,
        typer.Option(
            help="Of duplicates: the least cosine; by default no unrelated ones reach it.", show_default=False
        ),
    ] = None,
    clusters: Annotated[
        Whole, typer.Option(metavar="N", help="Groups of what is alike; 0 finds out how many.", show_default=False)
    ] = None,
    outliers: Annotated[
        Whole, typer.Option(metavar="N", help="The N that are least like any other.", show_default=False)
    ] = None,
    matrix: Annotated[
        File, typer.Option(metavar="FILE.csv", help="Write the cosines of all pairs.", show_default=False)
    ] = None,
    k: Annotated[int, typer.Option("-k", help="Of neighbours: how many of each picture.")] = 5,
    sheet: Annotated[
        File, typer.Option(metavar="FILE.png", help="Draw the groups into a picture.", show_default=False)
    ] = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Compare the pictures with each other: neighbours, near-duplicates, clusters, outliers."""
    pictures = quoth.open(kb).pictures
    if matrix:
        _write_matrix(matrix, *pictures.matrix())
        return
    if duplicates:
        shape, groups, said = _duplicates(pictures.duplicates(threshold))
    elif clusters is not None:
        shape, groups, said = _clusters(pictures.clusters(clusters))
    elif outliers is not None:
        strangers = pictures.outliers(outliers)
        shape, groups, said = [_alike(one) for one in strangers], [], [_line(one) for one in strangers]
    else:
        groups = pictures.neighbours(k)
        shape, said = [_group(group) for group in groups], _lines(groups)
    if as_json:
        print_json(shape)
    else:
        out.print("\n".join(said or ["nothing found"]), markup=False)
    if sheet:
        pictures.sheet_of_groups(sheet, groups)


def draw_map(path: Drawn, kb: Kb = None) -> None:
    """Draw all pictures and texts with what is alike together."""
    knowledge = quoth.open(kb)
    knowledge.pictures.map(path, knowledge.folder.name)
    out.print(f"drawn into {path}", markup=False)


def _duplicates(report: DuplicateReport) -> Told:
    kept, spare = len(report.groups), sum(len(group.members) - 1 for group in report.groups)
    meaning = (
        f"{kept} groups, {spare} pictures too many, of {report.pictures}; "
        f"threshold: cosine {report.threshold:.3f} (pairs have {report.median:.3f} ± {report.deviation:.3f})"
    )
    numbers = {name: value for name, value in asdict(report).items() if name != "groups"}
    shape = {**numbers, "groups": [_group(group) for group in report.groups]}
    return shape, report.groups, [*_lines(report.groups), meaning]


def _clusters(report: ClusterReport) -> Told:
    alone = [passage.document for passage in report.alone]
    shape = {"clusters": [_group(group) for group in report.clusters], "alone": alone}
    summary = f"{len(report.clusters)} clusters, {len(alone)} pictures in none"
    return shape, report.clusters, [*_lines(report.clusters), summary]


def _lines(groups: Sequence[Group]) -> list[str]:
    """The groups, an empty line after each."""
    return [line for group in groups for line in (*map(_line, group.members), "")]


def _line(one: Alike) -> str:
    return f"{one.cosine:6.3f}  {one.passage.document}, {one.passage.place}"


def _group(group: Group) -> list[dict[str, Any]]:
    return [_alike(one) for one in group.members]


def _alike(one: Alike) -> dict[str, Any]:
    return {"document": one.passage.document, "passage_id": one.passage.id, "cosine": one.cosine}


def _write_matrix(path: Path, passages: Sequence[Passage], cosines: Iterable[Iterable[float]]) -> None:
    """The matrix as CSV, a row and a column for each picture."""
    names = [f"{passage.document}, {passage.place}" for passage in passages]
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["", *names])
            writer.writerows([name, *(f"{c:.4f}" for c in row)] for name, row in zip(names, cosines, strict=True))
    except OSError as error:
        raise quoth.StoreError(f"{path} cannot be written ({error})", "check the folder's rights and room") from error
    out.print(f"{len(names)} x {len(names)} cosines written into {path}", markup=False)
