"""What comes one by one from other sources than files, into the store: pages, rows, another model's answers."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from quoth.ingestion import Ingestion
from quoth.sources.items import Fetched, Gone, Item, Kept, Library
from quoth.store import StoredDocument
from quoth.types import AddReport, Document, Failure

# They are written when so many are there, so many bytes, or after so long: what was paid for in time or money is not
# lost to a kill.
ITEMS, BYTES, SECONDS = 64, 32 << 20, 10.0

Kind = TypeVar("Kind", Document, Fetched, Kept, Gone, Failure)


class Intake(Ingestion):
    """One `add` from files and from other sources."""

    @property
    def known(self) -> Library:
        """What was there before, by name."""
        return self._known

    def add(self, paths: Sequence[str | Path], streams: Iterable[Iterable[Item]], prune: bool, skip: Path) -> AddReport:
        """Files, see `add_files`, then what the streams give; of several items with one name, the first counts.

        With `prune`, documents that their source has no more are removed. One that has another name now is replaced
        by what has that, which keeps its groups and rights; see `_end_moves`.
        """
        if paths:
            self.add_files(paths, prune, skip)
        for bunch in bunches(_distinct(item for stream in streams for item in stream)):
            self._take_items(bunch, prune)
        self._end_moves(prune)
        return self._report()

    def _take_items(self, items: Sequence[Item], prune: bool) -> None:
        self._counts.failed += _of(items, Failure)
        gone = _of(items, Gone)
        self._moved += [item for item in gone if item.to]
        documents = _of(items, Document)
        same = [document for document in documents if self._has(document)]
        self._revise(
            [self._restated(document) for document in same] + [self._as_kept(kept) for kept in _of(items, Kept)]
        )
        self._take([*_of(items, Fetched), *(document for document in documents if document not in same)])
        self._let_go([item for item in gone if not item.to], prune)

    def _has(self, document: Document) -> bool:
        return document.id in self._known and self._known[document.id].digest == document.digest

    def _restated(self, document: Document) -> StoredDocument:
        """What the store shall know of a document whose text it has; it was taken when the text was."""
        taken = self._known[document.id].origin.fetched
        return self._stated(replace(document, origin=replace(document.origin, fetched=taken)))

    def _as_kept(self, kept: Kept) -> StoredDocument:
        known = self._known[kept.id]
        origin = self._by_right(kept.id, kept.origin or known.origin)
        return replace(known, groups=self._seers(kept.id), origin=origin)

    def _let_go(self, gone: Sequence[Gone], prune: bool) -> None:
        """Remove what is gone if that is wanted; else say it."""
        if prune:
            self._remove([item.id for item in gone])
        else:
            told = [item for item in gone if item.cause]
            self._counts.failed += [Failure(item.id, item.cause, "--prune removes what is gone") for item in told]

    def _end_moves(self, prune: bool) -> None:
        """Remove what has moved to a new name, and is there.

        What is at a name that was known before, or that several moved to, is something else: a site that is no more
        sends all its pages to one.
        """
        there = self._store.documents() if self._moved else {}
        arrived = [item for item in self._moved if item.to in there]
        many = Counter(item.to for item in self._moved)
        replaced = [item for item in arrived if item.to not in self._known and many[item.to] == 1]
        self._remove([item.id for item in replaced])
        self._let_go([item for item in arrived if item not in replaced], prune)


def bunches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items a few at a time: so many, of so many bytes, or of so many seconds."""
    bunch: list[Item] = []
    size, begun = 0, time.monotonic()
    for item in items:
        bunch.append(item)
        size += len(item.data) if isinstance(item, Fetched) else 0
        if len(bunch) == ITEMS or size >= BYTES or time.monotonic() - begun >= SECONDS:
            yield bunch
            bunch, size, begun = [], 0, time.monotonic()
    if bunch:
        yield bunch


def _distinct(items: Iterable[Item]) -> Iterator[Item]:
    """Of several with one name the first; all failures."""
    seen: set[str] = set()
    for item in items:
        if isinstance(item, Failure):
            yield item
        elif item.id not in seen:
            seen.add(item.id)
            yield item


def _of(items: Iterable[Item], kind: type[Kind]) -> list[Kind]:
    return [item for item in items if isinstance(item, kind)]
