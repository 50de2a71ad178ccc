"""`quoth add`: files, web pages, feeds, rows of a database, another model's answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

import quoth
from quoth.interfaces import shapes
from quoth.interfaces.cli import show
from quoth.interfaces.cli.console import FAILURE, print_json, progress_bar
from quoth.interfaces.cli.options import Groups, Json, Kb, names_in

if TYPE_CHECKING:
    from quoth.sources.wanted import Wanted

Sources = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads it at run time
    typer.Argument(metavar="PATH|URL...", help="Files, folders, patterns, web pages.", show_default=False),
]
Sitemaps = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--sitemap", metavar="URL", help="The pages that a sitemap names.", show_default=False),
]
Feeds = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--feed", metavar="URL", help="The entries of an RSS or Atom feed.", show_default=False),
]
Limit = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(min=1, help="Pages of a sitemap (500), entries of a feed (100).", show_default=False),
]
Sql = Annotated[
    str,
    typer.Option(
        "--sql", metavar="URL", help="A database, as SQLAlchemy writes it: each PATH is a query.", show_default=False
    ),
]
FromModel = Annotated[
    str,
    typer.Option(metavar="openai:MODEL", help="What this model answers to --questions.", show_default=False),
]
Questions = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option(metavar="FILE", help="One question a line.", show_default=False),
]
Rights = Annotated[str, typer.Option(help="By what right: a licence, a permission.", show_default=False)]
AllowPrivate = Annotated[
    bool, typer.Option("--allow-private", help="Web pages of this machine and network too; uses the proxy that is set.")
]
Crops = Annotated[
    bool, typer.Option("--crops", help="From now on find pictures by their parts too; takes six times as long.")
]


def add(
    paths: Sources = None,
    sitemap: Sitemaps = None,
    feed: Feeds = None,
    limit: Limit = None,
    sql: Sql = "",
    from_model: FromModel = "",
    questions: Questions = None,
    rights: Rights = "",
    allow_private: AllowPrivate = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove documents below PATH that are gone.")] = False,
    warm: Annotated[bool, typer.Option("--warm", help="Then read all passages, so that no question waits.")] = False,
    crops: Crops = False,
    groups: Groups = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Put documents and pictures in; unchanged ones are skipped."""
    knowledge = quoth.open(kb)
    most = {} if limit is None else {"limit": limit}
    wanted: list[Wanted] = [quoth.Rows(sql, query) for query in paths or ()] if sql else [*(paths or ())]
    wanted += [quoth.Sitemap(url, **most) for url in sitemap or ()]
    wanted += [quoth.Feed(url, **most) for url in feed or ()]
    if bool(from_model) != bool(questions):
        raise quoth.UsageError("a model and its questions go together", "give --from-model and --questions")
    if questions:
        wanted.append(quoth.ModelAnswers(from_model, questions))
    with progress_bar("Adding") as bar:
        report = knowledge.add(
            *wanted,
            groups=names_in(groups),
            rights=rights,
            prune=prune,
            crops=crops,
            allow_private=allow_private,
            progress=bar.documents,
        )
    if warm:
        with progress_bar("Reading") as bar:
            report = replace(report, warm=knowledge.warm(bar.steps))
    if as_json:
        print_json(shapes.add_shape(report))
    else:
        show.report(report)
    if report.failed:
        raise typer.Exit(FAILURE)
