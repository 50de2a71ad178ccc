"""What is not a file here, gathered: web pages, feeds, rows, another model's answers, as items for the ingestion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from quoth.errors import MissingExtraError, UsageError
from quoth.generators.remote_loading import is_remote, load_remote
from quoth.settings import Settings
from quoth.sources.answers import answers, read_questions
from quoth.sources.items import Item, Library
from quoth.sources.wanted import Feed, ModelAnswers, Other, Rows, Sitemap

_WEB = ("feedparser", "httpx2", "protego")
# Long enough for a few sentences, short of a model that never ends.
_ANSWER = {"max_tokens": 1024, "temperature": 0}


def gather(wanted: Sequence[Other], known: Library, settings: Settings, allow_private: bool) -> list[Iterator[Item]]:
    """What each of these gives, not yet begun. What is missing for it is told now, before anything is added.

    With `allow_private` web pages are fetched from this machine and the local network, too.

    Raises:
        MissingExtraError: a part that is needed is not installed.
        UsageError: a model is none of a server's, or the questions cannot be read.
        ModelError: there is no key for the model.
    """
    web = [one for one in wanted if isinstance(one, str | Sitemap | Feed)]
    streams = [_pages(web, known, allow_private)] if web else []
    streams += [_rows(one, known) for one in wanted if isinstance(one, Rows)]
    return streams + [_answers(one, known, settings) for one in wanted if isinstance(one, ModelAnswers)]


def _pages(wanted: Sequence[str | Sitemap | Feed], known: Library, allow_private: bool) -> Iterator[Item]:
    _need(_WEB, "web pages need", "web")
    return _each_page(wanted, known, allow_private)


def _each_page(wanted: Sequence[str | Sitemap | Feed], known: Library, allow_private: bool) -> Iterator[Item]:
    from quoth.sources.fetch import Fetcher
    from quoth.sources.pages import Pages

    with Fetcher(allow_private) as fetcher:
        pages = Pages(fetcher, known)
        yield from pages.each(one for one in wanted if isinstance(one, str))
        for one in wanted:
            if isinstance(one, Sitemap):
                yield from pages.of_sitemap(one.url, one.limit)
            elif isinstance(one, Feed):
                yield from pages.of_feed(one.url, one.limit)


def _rows(wanted: Rows, known: Library) -> Iterator[Item]:
    _need(("sqlalchemy",), "databases need", "sql")
    from quoth.sources.rows import rows

    return rows(wanted.url, wanted.select, known)


def _answers(wanted: ModelAnswers, known: Library, settings: Settings) -> Iterator[Item]:
    if not is_remote(wanted.model):
        raise UsageError(f"{wanted.model!r} is no server's model", "write openai:MODEL, as the server calls it")
    model = load_remote(replace(settings, model=wanted.model))

    def ask(prompt: str) -> str:
        with closing(model.complete(prompt, **_ANSWER)) as pieces:
            return "".join(pieces)

    questions = read_questions(wanted.questions) if isinstance(wanted.questions, Path) else wanted.questions
    return answers(wanted.model, model.url, questions, ask, known)


def _need(modules: Sequence[str], what: str, extra: str) -> None:
    """That these are installed; nothing is loaded."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"{what} {', '.join(missing)}", f'pip install "quoth[{extra}]"')
