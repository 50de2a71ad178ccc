"""One Lance table of passages: those that the same groups may see, so that one commit replaces a document whole.

Readers in other processes see the last commit at each search; a kill at any moment leaves the last commit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import lancedb
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.index import FTS, IvfSq
from lancedb.query import FullTextQuery, LanceQueryBuilder, MatchQuery

from quoth.errors import StoreError
from quoth.store.base import Found, StoredDocument
from quoth.store.rows import DOCUMENT_COLUMNS, PASSAGE_COLUMNS, among, documents_in, found_in, groups_of
from quoth.types import Passage, Vectors

# Below this many rows a scan of all vectors is as fast as any index.
INDEX_FROM = 50_000
PARTITIONS = 256
PROBES = 8
# The index compares 8-bit numbers: this many times k are compared again with all their bits.
REFINE = 3
KEPT = timedelta(minutes=10)
"""How long an old version stays: who reads it has time to end."""
_WORDS = FTS(stem=True, remove_stop_words=True)


@contextmanager
def reporting(doing: str) -> Iterator[None]:
    """Lance raises RuntimeError, ValueError and OSError for what went wrong on disk: say it in our words."""
    try:
        yield
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0][:300]
        full = "no space" in str(error).lower()
        cure = "free some room and try again" if full else "check the folder's rights and room, then try again"
        raise StoreError(f"could not {doing} ({reason})", f"{cure}; what was there before is still there") from error


def connect(folder: Path) -> lancedb.DBConnection:
    """The tables in a folder."""
    # Zero: each search looks whether another process has written.
    return lancedb.connect(folder, read_consistency_interval=timedelta(0))


class PassageTable:
    """Passages in a Lance table. `where` is always a condition on its rows; "" is none."""

    def __init__(self, table: lancedb.table.Table) -> None:
        self._table = table
        self._frequencies: tuple[int, dict[str, int]] = (-1, {})
        self.name: str = table.name
        self.schema: pa.Schema = table.schema
        self.groups = groups_of(self.schema)

    def put(self, rows: pa.Table, documents: Sequence[str]) -> None:
        """From this commit on, these documents have exactly these rows."""
        with reporting("write to the knowledge base"):
            self._index_words()
            if not self._table.count_rows(among("document", documents)):
                self._table.add(rows)
                return
            merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
            merge.when_not_matched_by_source_delete(among("document", documents)).execute(rows)

    def delete(self, documents: Collection[str]) -> None:
        """Take these documents out, in one commit."""
        with reporting("remove from the knowledge base"):
            self._table.delete(among("document", documents))

    def held(self, documents: Collection[str]) -> set[str]:
        """Those of these documents that it has."""
        if not documents:
            return set()
        with reporting("read the knowledge base"):
            rows = self._table.search().where(among("document", documents)).select(["document"]).to_arrow()
        return set(pc.unique(rows["document"]).to_pylist())

    def rows(self, documents: Collection[str]) -> pa.Table:
        """All the rows of these documents."""
        with reporting("read the knowledge base"):
            return self._table.search().where(among("document", documents)).select(self.schema.names).to_arrow()

    def documents(self, where: str) -> dict[str, StoredDocument]:
        """All documents by name."""
        with reporting("read the knowledge base"):
            rows = _only(self._table.search(), where).select(DOCUMENT_COLUMNS).to_arrow()
        return documents_in(rows, self.groups)

    def ids(self, where: str) -> list[str]:
        """All ids of passages."""
        with reporting("read the knowledge base"):
            ids: list[str] = _only(self._table.search(), where).select(["id"]).to_arrow()["id"].to_pylist()
        return ids

    def some(self, ids: Sequence[str], where: str, columns: Sequence[str]) -> pa.Table:
        """The rows of those of these passages that there are."""
        condition = " AND ".join(filter(None, (among("id", ids), where)))
        with reporting("read the knowledge base"):
            return self._table.search().where(condition).select(columns).limit(len(ids)).to_arrow()

    def texts(self, where: str) -> Iterator[str]:
        """The text of every passage."""
        with reporting("read the knowledge base"):
            for batch in _only(self._table.search(), where).select(["text"]).to_batches():
                yield from batch["text"].to_pylist()

    def passages(self, where: str) -> Iterator[Passage]:
        """Every passage."""
        with reporting("read the knowledge base"):
            for batch in _only(self._table.search(), where).select(PASSAGE_COLUMNS).to_batches():
                yield from (found.passage for found in found_in(pa.table(batch), [0.0] * len(batch)))

    def nearest(self, vector: Vectors, k: int, where: str) -> list[Found]:
        """The k passages nearest to `vector`; the score is the cosine."""
        with reporting("search the knowledge base"):
            query = self._table.search(vector, "vector").distance_type("dot").nprobes(PROBES).refine_factor(REFINE)
            rows = _only(query, where).select([*PASSAGE_COLUMNS, "_distance"]).limit(k).to_arrow()
        # Lance's "dot" distance is 1 - the dot product: nearness is restored here and nowhere else.
        return found_in(rows, pc.subtract(1.0, rows["_distance"]).to_pylist())

    def matching(self, query: FullTextQuery, k: int, where: str) -> list[Found]:
        """The k passages that match best, by BM25 with the statistics of this table."""
        with reporting("search the knowledge base"):
            if not self._has_index("words"):
                return []
            found = self._table.search(query, query_type="fts")
            rows = _only(found, where).select([*PASSAGE_COLUMNS, "_score"]).limit(k).to_arrow()
        return found_in(rows, rows["_score"].to_pylist())

    def frequency(self, word: str) -> int:
        """How many passages hold the word, in any form; counted once until the table changes."""
        with reporting("search the knowledge base"):
            version = self._table.version
            if self._frequencies[0] != version:
                self._frequencies = (version, {})
            known = self._frequencies[1]
            if word not in known:
                known[word] = self._count_matching(word) if self._has_index("words") else 0
        return known[word]

    def count(self, where: str) -> int:
        """How many passages there are."""
        with reporting("read the knowledge base"):
            return int(self._table.count_rows(where or None))

    def optimize(self) -> None:
        """Bring the indexes up to date and give back the room of old versions."""
        with reporting("index the knowledge base"):
            rows = self._table.count_rows()
            if rows >= INDEX_FROM and not self._has_index("vector"):
                self._table.create_index("vector", config=IvfSq(distance_type="dot", num_partitions=PARTITIONS))
            self._table.optimize(cleanup_older_than=KEPT)

    def forget(self) -> None:
        """Make the indexes anew: they remember what was deleted, in the statistics of words and in the centroids."""
        with reporting("index the knowledge base"):
            self._table.create_index("words", config=_WORDS, replace=True)
            if self._has_index("vector"):
                self._table.drop_index(next(i.name for i in self._table.list_indices() if "vector" in i.columns))

    def _count_matching(self, word: str) -> int:
        query = self._table.search(MatchQuery(word, "words"), query_type="fts").select(["_score"])
        return len(query.limit(max(1, self._table.count_rows())).to_arrow())

    def _index_words(self) -> None:
        """Before the first rows: whenever it is killed, what is in the table can be searched."""
        if not self._has_index("words"):
            self._table.create_index("words", config=_WORDS)

    def _has_index(self, column: str) -> bool:
        return any(column in index.columns for index in self._table.list_indices())


def _only(query: LanceQueryBuilder, where: str) -> LanceQueryBuilder:
    """The query over some of the rows, which are chosen first."""
    return query.where(where, prefilter=True) if where else query
