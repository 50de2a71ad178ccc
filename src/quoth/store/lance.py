"""The Lance store: a table for each set of groups, put together to what the viewer may see."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa

from quoth.errors import UsageError
from quoth.store.base import Found, StoredDocument
from quoth.store.lexical import match_words
from quoth.store.moving import Move, MoveNote
from quoth.store.partitions import Partitions
from quoth.store.rows import PASSAGE_COLUMNS, among, found_in, matrix, restated, rows_of
from quoth.store.table import PassageTable
from quoth.types import Document, Kind, Passage, Vectors

Kept = TypeVar("Kept", Document, StoredDocument)

_KINDS: dict[Kind, str] = {"text": "picture = ''", "image": "picture <> ''"}


class LanceStore:
    """Passages in Lance tables; see `quoth.store.base.Store`."""

    def __init__(self, folder: Path, dimension: int) -> None:
        """Open the tables in `folder`, or make the first.

        Raises:
            StoreError: they can be neither opened nor made.
        """
        self._dimension = dimension
        self._partitions = Partitions(folder, dimension)
        self._note = MoveNote(folder)
        self._viewer: frozenset[str] | None = None

    @property
    def viewer(self) -> frozenset[str] | None:
        """The groups that it is seen by; None: it is seen whole."""
        return self._viewer

    def seen_by(self, groups: Collection[str]) -> LanceStore:
        """The same as who is in these groups sees it."""
        view = copy.copy(self)
        view._viewer = frozenset(groups) if self._viewer is None else self._viewer.intersection(groups)
        return view

    def hidden(self, names: Collection[str]) -> set[str]:
        """Those of these names that documents have which the viewer may not see."""
        unseen = [table for table in self._partitions.all() if not self._sees(table.groups)]
        return set().union(*(table.held(names) for table in unseen))

    def replace(self, documents: Sequence[Document], passages: Sequence[Passage], vectors: Vectors) -> None:
        """From now on these documents have exactly these passages, in one commit for each set of groups."""
        self._prepare({document.id: document.groups for document in documents})
        for groups, members in _by_groups(documents):
            names = {document.id for document in members}
            index = [i for i, passage in enumerate(passages) if passage.document in names]
            table = self._partitions.of(groups)
            self._put(table, rows_of(members, [passages[i] for i in index], vectors[index], table.schema), names)

    def revise(self, documents: Sequence[StoredDocument]) -> None:
        """From now on these have the groups, trust and origin that are told here; their passages stay."""
        # Rows that are written again in their own table count twice in its statistics of words for a while.
        known = self._among([document.name for document in documents])
        documents = [document for document in documents if known.get(document.name) != document]
        self._prepare({document.name: document.groups for document in documents})
        for groups, members in _by_groups(documents):
            names = {document.name for document in members}
            table = self._partitions.of(groups)
            rows = pa.concat_tables(other.rows(names) for other in self._partitions.all())
            self._put(table, restated(rows, members, table.schema), names)

    def remove(self, documents: Sequence[str]) -> None:
        """Take these documents out, in one commit for each set of groups."""
        self._settle()
        for table, _ in self._seen():
            if held := table.held(documents):
                table.delete(held)

    def documents(self) -> dict[str, StoredDocument]:
        """All documents by name."""
        return {name: known for table, where in self._seen() for name, known in table.documents(where).items()}

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of these passages that there are, by id."""
        rows = [table.some(ids, where, PASSAGE_COLUMNS) for table, where in self._seen()] if ids else []
        return {passage.id: passage for some in rows for passage in _passages(some)}

    def passages_of(self, document: str) -> list[Passage]:
        """All passages of a document, in the order in which they stand there."""
        rows = [table.rows([document]) for table, _ in self._seen()]
        found = {passage.id: passage for some in rows for passage in _passages(some)}
        # Pages without text, as scans are, start at one offset.
        return sorted(found.values(), key=lambda passage: (passage.start, passage.page or 0, passage.end))

    def embedded(self, limit: int, kind: Kind | None = None) -> tuple[list[Passage], Vectors]:
        """At most `limit` passages spread over all there are, and their embeddings."""
        seen = self._seen(kind)
        # An id is a hash: by its order every part of the documents is there in proportion.
        chosen = sorted(chain.from_iterable(table.ids(where) for table, where in seen))[:limit]
        if not chosen:
            return [], np.empty((0, self._dimension), np.float32)
        rows = [table.some(chosen, where, [*PASSAGE_COLUMNS, "vector"]) for table, where in seen]
        passages = [passage for some in rows for passage in _passages(some)]
        return passages, np.concatenate([matrix(some, "vector") for some in rows])

    def texts(self, kind: Kind | None = None) -> Iterator[str]:
        """The text of every passage."""
        for table, where in self._seen(kind):
            yield from table.texts(where)

    def pictures(self) -> Iterator[Passage]:
        """The passages that are pictures."""
        for table, where in self._seen("image"):
            yield from table.passages(where)

    def nearest(self, vector: Vectors, k: int, kind: Kind | None = None) -> list[Found]:
        """The k passages nearest to `vector`; the score is the cosine."""
        return _best(chain.from_iterable(table.nearest(vector, k, where) for table, where in self._seen(kind)), k)

    def matching(self, words: str, k: int, kind: Kind | None = None) -> list[Found]:
        """The k passages that match `words` best; the score is BM25's, with the statistics of what is seen."""
        tables = [(table, where) for table, where in self._seen(kind) if table.count("")]
        return _best(match_words(tables, words, k) if tables else (), k)

    def count(self, kind: Kind | None = None) -> int:
        """How many passages there are."""
        return sum(table.count(where) for table, where in self._seen(kind))

    def optimize(self) -> None:
        """Bring the indexes up to date, those of all tables, and give back the room of old versions."""
        self._settle()
        left = self._note.read().left
        for table in self._partitions.all():
            if table.name in left:
                table.forget()
            table.optimize()
        if left:
            self._note.end()

    def _among(self, names: Sequence[str]) -> dict[str, StoredDocument]:
        """Those of these documents that are seen, by name."""
        found: dict[str, StoredDocument] = {}
        for table, where in self._seen() if names else ():
            found |= table.documents(" AND ".join(filter(None, (among("document", names), where))))
        return found

    def _sees(self, groups: Collection[str]) -> bool:
        return not groups or self._viewer is None or not self._viewer.isdisjoint(groups)

    def _seen(self, kind: Kind | None = None) -> list[tuple[PassageTable, str]]:
        """The tables that the viewer sees, each with the condition on its rows."""
        tables, move = self._partitions.all(), self._note.read()
        gone = _arrived(tables, move)
        moved = f"NOT ({among('document', gone)})" if gone else ""
        only = _KINDS[kind] if kind else ""
        return [
            (table, " AND ".join(filter(None, (only, moved if table.name != move.into else ""))))
            for table in tables
            if self._sees(table.groups)
        ]

    def _prepare(self, groups: Mapping[str, Collection[str]]) -> None:
        """Before these documents are written for these groups."""
        self._settle()
        if taken := self.hidden(groups):
            raise UsageError(f"the name {min(taken)} is taken", "choose another name")
        if unseen := [name for name, some in groups.items() if not self._sees(some)]:
            raise UsageError(f"{unseen[0]} would not be seen by who adds it", "give it a group of your own, or none")

    def _put(self, table: PassageTable, rows: pa.Table, documents: Collection[str]) -> None:
        """One commit; who was elsewhere before is taken out there by another."""
        others = {other.name: other for other in self._partitions.all() if other.name != table.name}
        leaving = {name: held for name, other in others.items() if (held := other.held(documents))}
        if leaving:
            self._note.begin(set().union(*leaving.values()), table.name, leaving)
        table.put(rows, list(documents))
        for name, held in leaving.items():
            others[name].delete(held)
        if leaving:
            self._note.arrived()

    def _settle(self) -> None:
        """End a move that was broken off: what has arrived leaves the other tables, what has not stays."""
        move = self._note.read()
        if not move.documents:
            return
        tables = self._partitions.all()
        arrived = _arrived(tables, move)
        for table in tables:
            if arrived and table.name != move.into:
                table.delete(arrived)
        self._note.arrived()


def _arrived(tables: Iterable[PassageTable], move: Move) -> set[str]:
    """The documents of a move that are where they shall be."""
    return set().union(*(table.held(move.documents) for table in tables if table.name == move.into))


def _by_groups(documents: Sequence[Kept]) -> Iterable[tuple[tuple[str, ...], list[Kept]]]:
    found: dict[tuple[str, ...], list[Kept]] = defaultdict(list)
    for document in documents:
        found[document.groups].append(document)
    return found.items()


def _passages(rows: pa.Table) -> list[Passage]:
    return [found.passage for found in found_in(rows, [0.0] * len(rows))]


def _best(found: Iterable[Found], k: int) -> list[Found]:
    """The best of several tables; of equals, the one whose id sorts first."""
    distinct = {one.passage.id: one for one in found}
    ordered = sorted(distinct.items(), key=lambda item: (-item[1].score, item[0]))
    return [one for _, one in ordered[:k]]
