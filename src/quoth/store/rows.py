"""Passages as rows of a Lance table, and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from quoth.origin import Origin
from quoth.store.base import Found, StoredDocument
from quoth.types import Box, Document, LineBox, Passage, Vectors

PASSAGE_COLUMNS = [
    "document", "title", "text", "start", "end", "line", "page", "headings", "picture", "boxes", "trust",
]  # fmt: skip
DOCUMENT_COLUMNS = ["document", "title", "digest", "trust", "origin"]

_EDGES = ["left", "top", "right", "bottom"]
_BOX = pa.struct([*((name, pa.int64()) for name in ("start", "end", "page")), *((e, pa.float64()) for e in _EDGES)])
_GROUPS = b"groups"


def schema_of(dimension: int, groups: Sequence[str]) -> pa.Schema:
    """The columns of a table for embeddings of `dimension` numbers, seen by these groups."""
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
            pa.field("trust", pa.float64()),
            pa.field("origin", text),
            pa.field("vector", pa.list_(pa.float32(), dimension)),
        ],
        {_GROUPS: json.dumps(list(groups)).encode()},
    )


def groups_of(schema: pa.Schema) -> tuple[str, ...]:
    """Who sees a table."""
    return tuple(json.loads((schema.metadata or {})[_GROUPS]))


def matrix(rows: pa.Table, column: str) -> Vectors:
    """A column of vectors as (n, d) float32."""
    size = rows.schema.field(column).type.list_size
    flat = rows[column].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, np.float32).reshape(-1, size)


def among(column: str, values: Collection[str]) -> str:
    """The condition that a column holds one of these."""
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})"


def rows_of(
    documents: Sequence[Document], passages: Sequence[Passage], vectors: Vectors, schema: pa.Schema
) -> pa.Table:
    """The rows of these passages of these documents."""
    known = {document.id: document for document in documents}
    flat = pa.array(np.ascontiguousarray(vectors, np.float32).reshape(-1))
    columns: dict[str, Any] = {name: [getattr(p, name) for p in passages] for name in PASSAGE_COLUMNS}
    columns["headings"] = [list(p.headings) for p in passages]
    columns["boxes"] = [[_flat(line) for line in p.boxes] for p in passages]
    columns["id"] = [p.id for p in passages]
    columns["digest"] = [known[p.document].digest for p in passages]
    columns["words"] = [p.searchable for p in passages]
    columns["trust"] = [known[p.document].trust for p in passages]
    columns["origin"] = [_written(known[p.document].origin) for p in passages]
    columns["vector"] = pa.FixedSizeListArray.from_arrays(flat, schema.field("vector").type.list_size)
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)


def restated(rows: pa.Table, documents: Sequence[StoredDocument], schema: pa.Schema) -> pa.Table:
    """The rows with the trust and the origin that these documents have now."""
    known = {document.name: document for document in documents}
    names = rows["document"].to_pylist()
    columns = {name: rows[name] for name in schema.names}
    columns["trust"] = pa.array([known[name].trust for name in names], pa.float64())
    columns["origin"] = pa.array([_written(known[name].origin) for name in names], pa.string())
    return pa.table(columns, schema=schema)


def documents_in(rows: pa.Table, groups: tuple[str, ...]) -> dict[str, StoredDocument]:
    """The documents of all passages, by name; a document's facts stand in each row."""
    facts = DOCUMENT_COLUMNS[1:]
    counted = rows.group_by("document").aggregate([*((fact, "min") for fact in facts), ("document", "count")])
    columns = (counted[name].to_pylist() for name in ("document", *(f"{fact}_min" for fact in facts), "document_count"))
    return {
        name: StoredDocument(name, title, digest, count, groups, trust, _read(origin))
        for name, title, digest, trust, origin, count in zip(*columns, strict=True)
    }


def found_in(rows: pa.Table, scores: Sequence[float]) -> list[Found]:
    """The passages of these rows."""
    passages = rows.select(PASSAGE_COLUMNS).to_pylist()
    return [Found(_passage(row), score) for row, score in zip(passages, scores, strict=True)]


def _passage(row: dict[str, Any]) -> Passage:
    boxes = tuple(_line_box(**line) for line in row["boxes"] or ())
    return Passage(**{**row, "headings": tuple(row["headings"] or ()), "boxes": boxes})


def _flat(line: LineBox) -> dict[str, Any]:
    return {"start": line.start, "end": line.end, "page": line.box.page, **{e: getattr(line.box, e) for e in _EDGES}}


def _line_box(start: int, end: int, **box: Any) -> LineBox:  # noqa: ANN401 - a row of the table
    return LineBox(start, end, Box(**box))


def _written(origin: Origin) -> str:
    """As JSON, without what is not known."""
    return json.dumps({name: value for name, value in asdict(origin).items() if value})


def _read(origin: str) -> Origin:
    return Origin(**json.loads(origin))
