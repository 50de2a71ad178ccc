"""Rows of a database -> documents, through SQLAlchemy; nothing is written there.

A column `text`, `content` or `body` is the document's text and the others stand before it, one a line; without one, all
do, `name: value`. `title` (or `name`) is its title, `id` its name here; `select isbn as id ...` makes a column that.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from quoth.errors import DocumentError
from quoth.naming import as_document
from quoth.origin import Origin
from quoth.sources.items import Gone, Item, Library, now
from quoth.types import Document, Failure

AT_ONCE = 500
"""Rows that are taken from the database together."""

_TEXTS, _TITLES = ("text", "content", "body"), ("title", "name")
_MEMORY = (None, "", ":memory:")
# Where the database itself can refuse to write in this session or transaction.
_READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}


def rows(url: str, select: str, known: Library) -> Iterator[Item]:
    """The rows that a query gives, each a document; then those that it gave once and gives no more.

    What goes wrong on the way is one failure; the rows before it are given.

    Args:
        url: of the database, as SQLAlchemy writes it; a password in it is neither shown nor kept.
        select: the query.
        known: what is there already.
    """
    try:
        address = _address(url)
    except DocumentError as error:
        yield Failure("the database", error.cause, error.cure)
        return
    where = _shown(address)
    prefix = f"{where}/{hashlib.sha256(' '.join(select.split()).encode()).hexdigest()[:8]}/"
    origin, seen = Origin(where=where, fetched=now()), set()
    try:
        for row in _read(address, select):
            document = _document(row, prefix, origin)
            seen.add(document.id)
            yield document
    except DocumentError as error:
        yield Failure(where, error.cause, error.cure)
        return
    yield from (Gone(name, "") for name in known if name.startswith(prefix) and name not in seen)


def _address(url: str) -> sa.URL:
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise DocumentError("it is no database's URL", "write it like sqlite:///books.db") from error
    file = address.database
    if address.get_backend_name() != "sqlite" or file in _MEMORY or str(file).startswith("file:"):
        return address
    if not Path(str(file)).is_file():
        # SQLite would make it.
        raise DocumentError(f"there is no file {file}", "check the spelling; a full path has four slashes")
    return address.set(database=str(Path(str(file)).absolute()))


def _shown(address: sa.URL) -> str:
    """A database's URL without who may see it."""
    return address.set(username=None, password=None, query={}).render_as_string()


def _read(address: sa.URL, select: str) -> Iterator[Mapping[str, Any]]:
    """The rows, some at a time, in a transaction that only reads and is rolled back."""
    try:
        engine = sa.create_engine(address, poolclass=sa.NullPool)
        with engine.connect() as connection:
            if engine.dialect.name in _READ_ONLY:
                connection.exec_driver_sql(_READ_ONLY[engine.dialect.name])
            # Without parameters, also no empty ones: where some are given, drivers take % for a place of one.
            options = {"yield_per": AT_ONCE, "no_parameters": True}
            result = connection.exec_driver_sql(select, execution_options=options)
            if not result.returns_rows:
                connection.rollback()
                raise DocumentError("the query gives no rows", "give a select; what it changed was undone")
            yield from (dict(row) for row in result.mappings())
    except sa.exc.NoSuchModuleError as error:
        raise DocumentError(
            f"SQLAlchemy knows no {address.drivername}", "write it like postgresql+psycopg://…"
        ) from error
    except ModuleNotFoundError as error:
        raise DocumentError(f"the driver {error.name} is not installed", f"pip install {error.name}") from error
    except sa.exc.SQLAlchemyError as error:
        raise DocumentError(_said(error, address), "check the query, and whether the database is there") from None


def _said(error: sa.exc.SQLAlchemyError, address: sa.URL) -> str:
    """What the database said, on one line, without the password."""
    said = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
    password = str(address.password or "")
    return said.replace(password, "…") if password else said


def _document(row: Mapping[str, Any], prefix: str, origin: Origin) -> Document:
    values = {name: text for name, value in row.items() if (text := _plain(value))}
    text, title, key = _first(values, _TEXTS), _first(values, _TITLES), _first(values, ("id",))
    beside = {name for name in (text, title, key) if name} if text else set()
    lines = [f"{name}: {value}" for name, value in values.items() if name not in beside]
    whole = "\n".join(lines) + (f"\n\n{values[text]}" if lines and text else values.get(text, ""))
    shown = values[title] if title else (values[text].partition("\n")[0][:60] if text else None)
    name = values[key] if key else hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:12]
    document = as_document(whole, prefix + name, shown)
    digest = hashlib.sha256(f"{document.title}\0{document.text}".encode()).hexdigest()
    return replace(document, digest=digest, origin=origin)


def _first(values: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The first of these columns that there is, however its name is written; "" for none."""
    return next((column for name in names for column in values if column.lower() == name), "")


def _plain(value: object) -> str:
    """A value as text; bytes, and what is not there, say nothing."""
    if value is None or isinstance(value, bytes | bytearray | memoryview):
        return ""
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value).strip()
