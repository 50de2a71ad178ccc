"""The Lance store: one table, so that one commit replaces a document whole.

Readers in other processes see the last commit at each search; a kill at any moment leaves the last commit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

# Before the import: Lance reads it once. Hybrid queries and index builds log what is no news to a user.
os.environ.setdefault("LANCE_LOG", "error")

import lancedb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.index import FTS, IvfSq
from lancedb.query import LanceQueryBuilder, MatchQuery

from quoth.errors import StoreError
from quoth.store.base import Found, StoredDocument
from quoth.types import Box, Kind, LineBox, Passage, Vectors

TABLE = "passages"
# Below this many rows a scan of all vectors is as fast as any index.
INDEX_FROM = 50_000
PARTITIONS = 256
PROBES = 8
# The index compares 8-bit numbers: this many times k are compared again with all their bits.
REFINE = 3
_KINDS: dict[Kind, str] = {"text": "picture = ''", "image": "picture <> ''"}
_PASSAGE_COLUMNS = ["document", "title", "text", "start", "end", "line", "page", "headings", "picture", "boxes"]


_EDGES = ["left", "top", "right", "bottom"]
_BOX = pa.struct([*((name, pa.int64()) for name in ("start", "end", "page")), *((e, pa.float64()) for e in _EDGES)])


def _schema(dimension: int) -> pa.Schema:
    text, number = pa.string(), pa.int64()
    return pa.schema(
        [
            pa.field("id", text, nullable=False),
            pa.field("document", text, nullable=False),
            pa.field("digest", text, nullable=False),
            pa.field("title", text),
            pa.field("text", text),
            pa.field("start", number),
            pa.field("end", number),
            pa.field("line", number),
            pa.field("page", number),
            pa.field("headings", pa.list_(text)),
            pa.field("picture", text),
            pa.field("boxes", pa.list_(_BOX)),
            pa.field("words", text),
            pa.field("vector", pa.list_(pa.float32(), dimension)),
        ]
    )


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


class LanceStore:
    """Passages in a Lance table; see `quoth.store.base.Store`."""

    def __init__(self, folder: Path, dimension: int) -> None:
        """Open the table in `folder`, or make it.

        Raises:
            StoreError: it can be neither opened nor made.
        """
        with reporting(f"open the knowledge base in {folder}"):
            self._table = connect(folder).create_table(TABLE, schema=_schema(dimension), exist_ok=True)

    def replace(self, digests: Mapping[str, str], passages: Sequence[Passage], vectors: Vectors) -> None:
        """From this commit on, the documents that `digests` names have exactly these passages."""
        rows = _rows(digests, passages, vectors, self._table.schema)
        known = list(digests)
        with reporting("write to the knowledge base"):
            self._index_words()
            if not self._table.count_rows(among("document", known)):
                self._table.add(rows)
                return
            merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
            merge.when_not_matched_by_source_delete(among("document", known)).execute(rows)

    def remove(self, documents: Sequence[str]) -> None:
        """Take these documents out, in one commit."""
        if documents:
            with reporting("remove from the knowledge base"):
                self._table.delete(among("document", documents))

    def documents(self) -> dict[str, StoredDocument]:
        """All documents by name."""
        with reporting("read the knowledge base"):
            rows = self._table.search().select(["document", "digest", "title"]).to_arrow()
        counted = rows.group_by("document").aggregate([("digest", "min"), ("title", "min"), ("title", "count")])
        columns = (counted[c].to_pylist() for c in ("document", "digest_min", "title_min", "title_count"))
        return {name: StoredDocument(digest, title, count) for name, digest, title, count in zip(*columns, strict=True)}

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Those of these passages that there are, by id."""
        if not ids:
            return {}
        with reporting("read the knowledge base"):
            rows = self._table.search().where(among("id", ids)).select(_PASSAGE_COLUMNS).limit(len(ids)).to_arrow()
        return {found.passage.id: found.passage for found in _found(rows, pa.chunked_array([[0.0] * len(rows)]))}

    def passages_of(self, document: str) -> list[Passage]:
        """All passages of a document, in the order in which they stand there."""
        with reporting("read the knowledge base"):
            rows = self._table.search().where(among("document", [document])).select(_PASSAGE_COLUMNS).to_arrow()
        passages = [found.passage for found in _found(rows, pa.chunked_array([[0.0] * len(rows)]))]
        # Pages without text, as scans are, start at one offset.
        return sorted(passages, key=lambda passage: (passage.start, passage.page or 0, passage.end))

    def embedded(self, limit: int, kind: Kind | None = None) -> tuple[list[Passage], Vectors]:
        """At most `limit` passages spread over all there are, and their embeddings."""
        with reporting("read the knowledge base"):
            ids = _only(self._table.search(), kind).select(["id"]).to_arrow()["id"].to_pylist()
            # An id is a hash: by its order every part of the documents is there in proportion.
            chosen = sorted(ids)[:limit]
            if not chosen:
                return [], np.empty((0, self._table.schema.field("vector").type.list_size), np.float32)
            query = self._table.search().where(among("id", chosen)).select([*_PASSAGE_COLUMNS, "vector"])
            rows = query.limit(len(chosen)).to_arrow()
        return [found.passage for found in _found(rows, rows["start"])], matrix(rows, "vector")

    def texts(self) -> Iterator[str]:
        """The text of every passage."""
        with reporting("read the knowledge base"):
            for batch in self._table.search().select(["text"]).to_batches():
                yield from batch["text"].to_pylist()

    def nearest(self, vector: Vectors, k: int, kind: Kind | None = None) -> list[Found]:
        """The k passages nearest to `vector`; the score is the cosine."""
        with reporting("search the knowledge base"):
            query = self._table.search(vector, "vector").distance_type("dot").nprobes(PROBES).refine_factor(REFINE)
            rows = _only(query, kind).select([*_PASSAGE_COLUMNS, "_distance"]).limit(k).to_arrow()
        # Lance's "dot" distance is 1 - the dot product: nearness is restored here and nowhere else.
        return _found(rows, pc.subtract(1.0, rows["_distance"]))

    def matching(self, words: str, k: int, kind: Kind | None = None) -> list[Found]:
        """The k passages that match `words` best; the score is BM25's."""
        with reporting("search the knowledge base"):
            if not self._has_index("words"):
                return []
            query = self._table.search(MatchQuery(words, "words"), query_type="fts")
            rows = _only(query, kind).select([*_PASSAGE_COLUMNS, "_score"]).limit(k).to_arrow()
        return _found(rows, rows["_score"])

    def count(self, kind: Kind | None = None) -> int:
        """How many passages there are."""
        with reporting("read the knowledge base"):
            return int(self._table.count_rows(_KINDS[kind] if kind else None))

    def optimize(self) -> None:
        """Bring the indexes up to date and give back the room of old versions."""
        with reporting("index the knowledge base"):
            rows = self._table.count_rows()
            if rows >= INDEX_FROM and not self._has_index("vector"):
                self._table.create_index("vector", config=IvfSq(distance_type="dot", num_partitions=PARTITIONS))
            self._table.optimize(cleanup_older_than=timedelta(minutes=10))

    def _index_words(self) -> None:
        """Before the first rows: whenever it is killed, what is in the table can be searched."""
        if not self._has_index("words"):
            self._table.create_index("words", config=FTS(stem=True, remove_stop_words=True))

    def _has_index(self, column: str) -> bool:
        return any(column in index.columns for index in self._table.list_indices())


def _only(query: LanceQueryBuilder, kind: Kind | None) -> LanceQueryBuilder:
    """The query over one kind of passages."""
    if kind is None:
        return query
    return query.where(_KINDS[kind], prefilter=True)


def matrix(rows: pa.Table, column: str) -> Vectors:
    """A column of vectors as (n, d) float32."""
    size = rows.schema.field(column).type.list_size
    flat = rows[column].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(-1, size)


def among(column: str, values: Sequence[str]) -> str:
    """The condition that a column holds one of these."""
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})"


def _rows(digests: Mapping[str, str], passages: Sequence[Passage], vectors: Vectors, schema: pa.Schema) -> pa.Table:
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1))
    columns: dict[str, Any] = {name: [getattr(p, name) for p in passages] for name in _PASSAGE_COLUMNS}
    columns["headings"] = [list(p.headings) for p in passages]
    columns["boxes"] = [[_flat(line) for line in p.boxes] for p in passages]
    columns["id"] = [p.id for p in passages]
    columns["digest"] = [digests[p.document] for p in passages]
    columns["words"] = [p.searchable for p in passages]
    columns["vector"] = pa.FixedSizeListArray.from_arrays(flat, schema.field("vector").type.list_size)
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def _found(rows: pa.Table, scores: pa.ChunkedArray) -> list[Found]:
    passages = rows.select(_PASSAGE_COLUMNS).to_pylist()
    return [Found(_passage(row), score) for row, score in zip(passages, scores.to_pylist(), strict=True)]


def _passage(row: dict[str, Any]) -> Passage:
    boxes = tuple(_line_box(**line) for line in row["boxes"] or ())
    return Passage(**{**row, "headings": tuple(row["headings"] or ()), "boxes": boxes})


def _flat(line: LineBox) -> dict[str, Any]:
    return {"start": line.start, "end": line.end, "page": line.box.page, **{e: getattr(line.box, e) for e in _EDGES}}


def _line_box(start: int, end: int, **box: Any) -> LineBox:  # noqa: ANN401 - a row of the table
    return LineBox(start, end, Box(**box))
