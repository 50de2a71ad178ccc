"""Pictures in a Lance table of their own: other embeddings replace it whole, in one commit.

Who may see a picture stands in its row. It has no statistics and no index that others could show through, so what a
viewer may not see is left out before anything is compared.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from quoth.errors import StoreError, UsageError
from quoth.regions import HANDICAP
from quoth.store.base import Embedded, Near, PictureSpace
from quoth.store.rows import among, matrix
from quoth.store.table import KEPT, connect, reporting
from quoth.types import Box, Vectors

TABLE = "pictures"
_IDENTITY = b"quoth"
# With regions a picture has several rows, this many at most, and `id` is that of a row.
_ROWS_EACH = 16
_EDGES = 4
# So many bytes are written anew at once, and so many pieces may wait for it: see `_tidy`.
_CHEAP = 50_000_000
_PIECES = 20
_VECTORS = ("raw", "vector", "seen", "base")
# Among the groups of what everybody sees; no group is called so.
_EVERYBODY = ""


class LancePictures:
    """Embeddings and previews in a Lance table; see `quoth.store.base.PictureStore`."""

    def __init__(self, folder: Path, wanted: PictureSpace | None) -> None:
        """Open the table in `folder`, or make it for `wanted`."""
        with reporting(f"open the pictures in {folder}"):
            self._database = connect(folder)
            if wanted and not has_pictures(folder):
                self._table = self._database.create_table(TABLE, schema=_schema(wanted), exist_ok=True)
            else:
                self._table = self._database.open_table(TABLE)
        self._viewer: frozenset[str] | None = None

    def seen_by(self, groups: Collection[str]) -> LancePictures:
        """The same as who is in these groups sees it."""
        view = copy.copy(self)
        view._viewer = frozenset(groups) if self._viewer is None else self._viewer.intersection(groups)
        return view

    @property
    def space(self) -> PictureSpace:
        """What the last commit says of itself."""
        with reporting("read the pictures"):
            schema = self._table.schema
        return _space(schema)

    def settle(self, groups: Mapping[str, Sequence[str]]) -> None:
        """Let the pictures be seen by the groups of their documents, and give back the room of old versions."""
        with reporting("read the pictures"):
            rows = self._table.search().select(["document", "groups"]).to_arrow()
        pairs = set(zip(rows["document"].to_pylist(), map(tuple, rows["groups"].to_pylist()), strict=True))
        wrong: dict[tuple[str, ...], list[str]] = {}
        for document, held in pairs:
            if document in groups and held != (wanted := _seers(groups[document])):
                wrong.setdefault(wanted, []).append(document)
        left = {document for document, _ in pairs if document not in groups} if self._viewer is None else set()
        with reporting("write the pictures"):
            for wanted, documents in wrong.items():
                self._table.update(where=among("document", documents), values={"groups": list(wanted)})
            if left:
                self._table.delete(among("document", sorted(left)))
            self._tidy()

    def _tidy(self) -> None:
        """Give back the room of old versions. That writes what there is anew: of many previews not at each change."""
        said = self._table.stats()
        if said["total_bytes"] < _CHEAP or said["fragment_stats"]["num_small_fragments"] > _PIECES:
            self._table.optimize(cleanup_older_than=KEPT)

    def put(self, pictures: Embedded) -> None:
        """Add these, in one commit; one that is there is replaced."""
        with reporting("write the pictures"):
            merge = self._table.merge_insert("id").when_matched_update_all().when_not_matched_insert_all()
            merge.execute(_rows(pictures, self._table.schema))

    def replace_all(self, space: PictureSpace, batches: Iterator[Embedded]) -> None:
        """From one commit on these are all, with other embeddings."""
        if self._viewer is not None:
            raise UsageError("who does not see all pictures cannot embed them", "do it with the whole knowledge base")
        schema, failures = _schema(space), list[BaseException]()
        pieces = (piece for batch in _noting(batches, failures) for piece in _rows(batch, schema).to_batches())
        rows = pa.RecordBatchReader.from_batches(schema, pieces)
        with reporting("write the pictures"), _telling(failures):
            self._table = self._database.create_table(TABLE, data=rows, schema=schema, mode="overwrite")
            self._table.optimize(cleanup_older_than=KEPT)

    def keep(self, documents: Sequence[str], ids: Sequence[str]) -> None:
        """Take out all pictures of these documents but those of these passages."""
        if not documents:
            return
        others = f" AND NOT ({among(self._owner, ids)})" if ids else ""
        with reporting("remove from the pictures"):
            self._table.delete(among("document", documents) + others)

    def nearest(self, vector: Vectors, k: int) -> list[Near]:
        """The k pictures nearest to `vector`, whole or by their nearest region."""
        return self._nearest("vector", vector, k)

    def nearest_to_words(self, vector: Vectors, k: int) -> list[Near]:
        """The same among words; none if the pictures are not embedded there."""
        return self._nearest("seen", vector, k, HANDICAP) if "seen" in self._table.schema.names else []

    def previews(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The previews of those of these that there are."""
        if not ids:
            return {}
        with reporting("read the pictures"):
            query = self._table.search().where(self._seen(among("id", ids)), prefilter=True)
            rows = query.select(["id", "preview"]).limit(len(ids)).to_arrow()
        return dict(zip(rows["id"].to_pylist(), rows["preview"].to_pylist(), strict=True))

    def vectors(self) -> tuple[list[str], Vectors]:
        """The ids of all whole pictures, sorted, and (n, d) float32, their embeddings."""
        return self._column("vector")

    def raw(self) -> tuple[list[str], Vectors]:
        """The same ids, and (n, c) float32, the encoder's vectors."""
        return self._column("raw")

    def _column(self, name: str) -> tuple[list[str], Vectors]:
        with reporting("read the pictures"):
            wholes = self._seen("box IS NULL") if self._crops else self._seen()
            rows = self._table.search().where(wholes).select(["id", name]).to_arrow()
        ids = rows["id"].to_pylist()
        order = sorted(range(len(ids)), key=ids.__getitem__)
        return [ids[i] for i in order], matrix(rows, name)[order]

    def batches(self, size: int) -> Iterator[Embedded]:
        """All rows, so many at a time."""
        with reporting("read the pictures"):
            for batch in self._table.search().where(self._seen()).to_batches(batch_size=size):
                yield _embedded(pa.table(batch))

    @property
    def _crops(self) -> bool:
        return "box" in self._table.schema.names

    @property
    def _owner(self) -> str:
        """The column that names a row's passage."""
        return "passage" if self._crops else "id"

    def _nearest(self, column: str, vector: Vectors, k: int, handicap: float = 0.0) -> list[Near]:
        with reporting("search the pictures"):
            query = self._table.search(vector, column).distance_type("dot")
            wanted = [self._owner, "_distance", *(["box"] if self._crops else [])]
            most = k * _ROWS_EACH if self._crops else k
            rows = query.where(self._seen(), prefilter=True).select(wanted).limit(most).to_arrow()
        # As for passages, nearness is 1 - Lance's "dot" distance. Of each picture the nearest row comes first.
        scores, boxes = pc.subtract(1.0, rows["_distance"]).to_pylist(), _boxes(rows)
        fair = [score - handicap if box else score for score, box in zip(scores, boxes, strict=True)]
        found = map(Near, rows[self._owner].to_pylist(), fair, boxes)
        best: dict[str, Near] = {}
        for near in sorted(found, key=lambda one: (-one.score, one.id, one.box is not None)):
            best.setdefault(near.id, near)
        return list(best.values())[:k]

    def _seen(self, condition: str = "true") -> str:
        """A condition, and that the viewer may see it."""
        if self._viewer is None:
            return condition
        groups = ", ".join("'" + group.replace("'", "''") + "'" for group in _seers(sorted(self._viewer), _EVERYBODY))
        return f"({condition}) AND array_has_any(groups, [{groups}])"


def _noting(batches: Iterator[Embedded], failures: list[BaseException]) -> Iterator[Embedded]:
    """The batches; what breaks them off is noted, for on its way through Lance it loses its class."""
    try:
        yield from batches
    except BaseException as error:
        failures.append(error)
        raise


@contextmanager
def _telling(failures: Sequence[BaseException]) -> Iterator[None]:
    """If something failed, raise that and not what Lance made of it."""
    try:
        yield
    except RuntimeError:
        if failures:
            raise failures[0] from None
        raise


def has_pictures(folder: Path) -> bool:
    """Whether there is a table of pictures."""
    return (folder / f"{TABLE}.lance").is_dir()


def _schema(space: PictureSpace) -> pa.Schema:
    text = pa.string()
    fields = [
        pa.field("id", text, nullable=False),
        pa.field("document", text, nullable=False),
        pa.field("groups", pa.list_(text)),
        pa.field("preview", pa.binary()),
        pa.field("raw", pa.list_(pa.float16(), space.raw)),
        pa.field("vector", pa.list_(pa.float32(), space.dimension)),
    ]
    fields += [pa.field(name, pa.list_(pa.float32(), size)) for name, size in _among_words(space).items() if size]
    if space.crops:
        fields += [pa.field("passage", text, nullable=False), pa.field("box", pa.list_(pa.float32(), _EDGES))]
    return pa.schema(fields, {_IDENTITY: f"{space.encoder}\n{space.embedding}\n{space.bridge}".encode()})


def _among_words(space: PictureSpace) -> dict[str, int]:
    return {"seen": space.seen, "base": space.base}


def _space(schema: pa.Schema) -> PictureSpace:
    said = (schema.metadata or {}).get(_IDENTITY)
    if said is None:
        raise StoreError("the table of pictures does not say what made it", "make the knowledge base anew")
    # What was made before there were fitted bridges names none.
    encoder, embedding, bridge = [*said.decode().split("\n"), ""][:3]
    held = (schema.field(name).type.list_size if name in schema.names else 0 for name in _VECTORS)
    raw, dimension, seen, base = held
    return PictureSpace(encoder, raw, dimension, seen, embedding, "box" in schema.names, bridge, base)


def _rows(pictures: Embedded, schema: pa.Schema) -> pa.Table:
    boxes = list(pictures.boxes) or [None] * len(pictures.ids)
    groups = [list(_seers(some)) for some in pictures.groups or [()] * len(pictures.ids)]
    columns = [_keys(pictures.ids, boxes), list(pictures.documents), groups, list(pictures.previews)]
    columns += [_lists(pictures.raw, np.float16), _lists(pictures.vectors)]
    columns += [_lists(vectors) for vectors in (pictures.seen, pictures.base) if vectors is not None]
    if "box" in schema.names:
        edges = [box and [box.left, box.top, box.right, box.bottom] for box in boxes]
        columns += [list(pictures.ids), pa.array(edges, pa.list_(pa.float32(), _EDGES))]
    return pa.table(columns, schema=schema)


def _keys(ids: Sequence[str], boxes: Sequence[Box | None]) -> list[str]:
    """The id of each row: of a whole picture its passage's, of a region that and its place."""
    return [f"{name}@{box.left:.2f},{box.top:.2f}" if box else name for name, box in zip(ids, boxes, strict=True)]


def _boxes(rows: pa.Table) -> list[Box | None]:
    if "box" not in rows.schema.names:
        return [None] * len(rows)
    return [edges and Box(None, *(round(edge, 4) for edge in edges)) for edges in rows["box"].to_pylist()]


def _seers(groups: Sequence[str], *others: str) -> tuple[str, ...]:
    """Who sees a picture, as it is written; none means everybody."""
    return (*groups, *others) or (_EVERYBODY,)


def _lists(vectors: Vectors, kind: type[np.floating] = np.float32) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(vectors, kind).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])


def _embedded(rows: pa.Table) -> Embedded:
    owner = "passage" if "passage" in rows.schema.names else "id"
    ids, documents, previews = (rows[name].to_pylist() for name in (owner, "document", "preview"))
    seen, base = (matrix(rows, name) if name in rows.schema.names else None for name in ("seen", "base"))
    groups = [[group for group in some if group != _EVERYBODY] for some in rows["groups"].to_pylist()]
    raw, vectors = matrix(rows, "raw"), matrix(rows, "vector")
    return Embedded(ids, documents, previews, raw, vectors, seen, _boxes(rows), base, groups)
