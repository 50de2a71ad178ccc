"""What may be added besides files and addresses: said in one value each, fetched later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

SITEMAP_PAGES = 500
FEED_ENTRIES = 100


@dataclass(frozen=True, slots=True)
class Sitemap:
    """The pages that a sitemap names, and the sitemaps that it leads to; `limit` of them at most."""

    url: str
    limit: int = SITEMAP_PAGES


@dataclass(frozen=True, slots=True)
class Feed:
    """The newest `limit` entries of an RSS or Atom feed: their own text where it is whole, else their pages."""

    url: str
    limit: int = FEED_ENTRIES


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a database, each a document; `url` is written as SQLAlchemy's, and its password is never kept.

    A column `text` (or `content`, `body`) is the document's text, `title` (or `name`) its title, `id` its name here:
    a row that has changed replaces what has its name. The columns beside a text stand before it; without one, all do.
    """

    url: str = field(repr=False)
    select: str


@dataclass(frozen=True, slots=True)
class ModelAnswers:
    """What another model (`openai:MODEL`) answers from its memory to each of these questions, or of those in a file."""

    model: str
    questions: Sequence[str] | Path


Wanted = str | Path | Sitemap | Feed | Rows | ModelAnswers


Other = str | Sitemap | Feed | Rows | ModelAnswers
"""What is not a path: a `str` is an address."""


def apart(wanted: Sequence[Wanted]) -> tuple[list[str | Path], list[Other]]:
    """Paths, and all else."""
    paths: list[str | Path] = []
    others: list[Other] = []
    for one in wanted:
        if isinstance(one, Path) or (isinstance(one, str) and "://" not in one):
            paths.append(one)
        else:
            others.append(one)
    return paths, others
