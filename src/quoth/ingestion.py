"""Documents into the store: what changed is parsed, encoded and committed, and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeGuard

import numpy as np

from quoth.encoders import Encoder
from quoth.errors import DocumentError
from quoth.gallery import Gallery
from quoth.passages import Parsed, parse_all
from quoth.sources import digest, document_id, find_files
from quoth.sources.items import Fetched, Gone, Item, Kept, Library
from quoth.store import Embedded, Store
from quoth.types import AddReport, Document, Failure, Passage, Vectors

# Passages in one commit: a kill loses at most the encoding of so many, and batches sort well by length.
COMMIT = 1024
# Decoded, a picture takes as much memory as so many passages, and longer to encode.
PICTURE = 16
# What comes one by one (pages, answers) is written when so many are there, so many bytes, or the first so long: what
# was paid for in time or money is not lost to a kill.
ITEMS, BYTES, SECONDS = 64, 32 << 20, 10.0


class Progress(Protocol):
    """Told while documents go in: documents done, documents in all, passages written."""

    def __call__(self, done: int, total: int, passages: int) -> None:
        """So far."""


def silent(done: int, total: int, passages: int) -> None:
    """Progress that nobody watches."""


@dataclass(slots=True)
class _Counts:
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    passages: int = 0
    failed: list[Failure] = field(default_factory=list)


class Ingestion:
    """One `add`: from paths, documents or other sources to a report."""

    def __init__(self, store: Store, encoder: Encoder, gallery: Gallery, progress: Progress = silent) -> None:
        self._store = store
        self._encoder = encoder
        self._gallery = gallery
        self._progress = progress
        self._start = time.perf_counter()
        self._known = store.documents()
        self._counts = _Counts()

    @property
    def known(self) -> Library:
        """What was there before, by name."""
        return self._known

    def add_files(self, paths: Sequence[str | Path], prune: bool, skip: Path) -> None:
        """Files, folders and patterns, but nothing in `skip`, the knowledge base's own folder.

        With `prune`, documents whose files are gone are removed.
        """
        found = find_files(paths)
        self._counts.failed += found.failures
        own = skip.resolve()
        changed, unchanged = self._changed([file for file in found.files if own not in file.parents])
        self._counts.unchanged += unchanged
        self._progress(unchanged, unchanged + len(changed), 0)
        self._take(changed, unchanged)
        if prune:
            self._prune(paths)

    def add_documents(self, documents: Sequence[Document]) -> None:
        """Documents that are text already; of several with one name, the last counts."""
        documents = list({document.id: document for document in documents}.values())
        changed = [d for d in documents if d.id not in self._known or self._known[d.id].digest != d.digest]
        self._counts.unchanged += len(documents) - len(changed)
        self._take(changed, len(documents) - len(changed))

    def add_items(self, items: Iterable[Item], prune: bool) -> None:
        """What another source gives, as it comes; of several with one name, the first counts.

        With `prune`, documents that the source has no more are removed.
        """
        done, seen = 0, set[str]()
        for batch in _bunches(items):
            new = [item for item in batch if isinstance(item, Failure) or item.id not in seen]
            seen.update(item.id for item in new if not isinstance(item, Failure))
            self._take_items(new, done, prune)
            done += len(new)

    def report(self) -> AddReport:
        """What was done so far, once the indexes are up to date."""
        counts = self._counts
        # Always: it costs 3 ms where there is nothing to do, and an `add` that was killed leaves work.
        self._store.optimize()
        return AddReport(
            counts.added,
            counts.updated,
            counts.unchanged,
            counts.removed,
            counts.passages,
            time.perf_counter() - self._start,
            tuple(counts.failed),
        )

    def _take_items(self, items: Sequence[Item], done: int, prune: bool) -> None:
        self._counts.failed += [item for item in items if isinstance(item, Failure)]
        changed = [item for item in items if isinstance(item, Fetched) or self._is_new(item)]
        self._counts.unchanged += sum(isinstance(item, Kept | Document) for item in items)
        self._counts.unchanged -= sum(isinstance(item, Document) for item in changed)
        self._take(changed, done + len(items) - len(changed))
        gone = [item for item in items if isinstance(item, Gone)]
        self._remove([item.id for item in gone if prune or item.moved])
        told = [item for item in gone if item.cause and not (prune or item.moved)]
        self._counts.failed += [Failure(item.id, item.cause, "--prune removes what is gone") for item in told]

    def _is_new(self, item: Item) -> TypeGuard[Document]:
        """Whether this is a document that the store does not have as it is."""
        if not isinstance(item, Document):
            return False
        return item.id not in self._known or self._known[item.id].digest != item.digest

    def _changed(self, files: Sequence[Path]) -> tuple[list[Path], int]:
        """The files whose bytes the store does not have, and how many it has."""
        changed, unchanged = [], 0
        for file in files:
            known = self._known.get(document_id(file))
            try:
                str(file).encode()
                if known and known.digest == digest(file):
                    unchanged += 1
                else:
                    changed.append(file)
            except UnicodeEncodeError:
                self._counts.failed.append(Failure(str(file), "its name is not Unicode", "rename it"))
            except OSError as error:
                self._counts.failed.append(Failure(str(file), f"it cannot be read ({error})", "check its rights"))
        return changed, unchanged

    def _take(self, changed: Sequence[Path | Document | Fetched], done: int) -> None:
        """Parse, encode and commit, batch by batch; nothing is started for nothing."""
        total = done + len(changed)
        if not changed:
            return
        for batch in _batches(self._good(parse_all(changed))):
            self._write(batch)
            done += len(batch)
            self._progress(done + len(self._counts.failed), total, self._counts.passages)

    def _good(self, answers: Iterable[tuple[Path | Document | Fetched, Parsed | DocumentError]]) -> Iterator[Parsed]:
        """What could be parsed; what could not is noted, and what the store had of it stays."""
        for item, answer in answers:
            path = str(item) if isinstance(item, Path) else item.id
            if isinstance(answer, DocumentError):
                self._counts.failed.append(Failure(path, answer.cause, answer.cure))
            elif not answer.passages:
                self._counts.failed.append(Failure(path, "it has no text", "give it some, or leave it out"))
            else:
                yield answer

    def _write(self, batch: Sequence[Parsed]) -> None:
        """One commit: these documents, whole. Their pictures are there before it, the old ones go after it."""
        found, pictures = self._gallery.look(batch)
        passages = _distinct(found)
        vectors = self._encoder.encode([passage.searchable for passage in passages])
        digests = {parsed.document.id: parsed.document.digest for parsed in batch}
        if pictures:
            _place_wordless(passages, pictures, vectors)
            self._gallery.put(pictures)
        self._store.replace(digests, passages, vectors.astype(np.float32, copy=False))
        self._gallery.keep([name for name in digests if name in self._known], pictures.ids if pictures else [])
        updated = sum(name in self._known for name in digests)
        self._counts.updated += updated
        self._counts.added += len(digests) - updated
        self._counts.passages += len(passages)

    def _prune(self, paths: Sequence[str | Path]) -> None:
        """Remove the documents below `paths` whose files are gone."""
        roots = [document_id(path) for path in paths]
        self._remove(
            [
                name
                for name in self._known
                if any(name == root or name.startswith(f"{root.rstrip('/')}/") for root in roots)
                and not Path(name).exists()
            ]
        )

    def _remove(self, gone: Sequence[str]) -> None:
        self._store.remove(gone)
        self._gallery.keep(gone, [])
        self._counts.removed += len(gone)


def _place_wordless(passages: Sequence[Passage], pictures: Embedded, vectors: Vectors) -> None:
    """Of a picture that nobody said anything of, the vector is where it lies among words; its file's name says less."""
    if pictures.seen is None:
        return
    seen = dict(zip(pictures.ids, pictures.seen, strict=True))
    for row, passage in enumerate(passages):
        if passage.picture and not passage.said:
            vectors[row] = seen[passage.id]


def _batches(parsed: Iterable[Parsed]) -> Iterator[list[Parsed]]:
    """Whole documents, of some `COMMIT` passages together, or fewer with pictures."""
    batch: list[Parsed] = []
    size = 0
    for one in parsed:
        batch.append(one)
        size += len(one.passages) + PICTURE * len(one.document.figures)
        if size >= COMMIT:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _bunches(items: Iterable[Item]) -> Iterator[list[Item]]:
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


def _distinct(passages: Iterable[Passage]) -> list[Passage]:
    return list({passage.id: passage for passage in passages}.values())
