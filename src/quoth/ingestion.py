"""Documents into the store: what changed is parsed, encoded and committed, and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from quoth.encoders import Encoder
from quoth.errors import DocumentError
from quoth.gallery import Gallery
from quoth.manifest import UPLOADS_FOLDER
from quoth.naming import as_groups
from quoth.origin import Origin
from quoth.passages import Parsed, parse_all
from quoth.sources import digest, document_id, find_files
from quoth.sources.items import Fetched, Gone
from quoth.store import Embedded, Store, StoredDocument
from quoth.types import AddReport, Document, Failure, Passage, Vectors

# Passages in one commit: a kill loses at most the encoding of so many, and batches sort well by length.
COMMIT = 1024
# Decoded, a picture takes as much memory as so many passages, and longer to encode.
PICTURE = 16
# Passages that go into another table in one commit.
_MOVED = 16_384


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

    @property
    def done(self) -> int:
        return self.added + self.updated + self.unchanged


class Ingestion:
    """One `add`: from paths or documents to a report."""

    def __init__(
        self,
        store: Store,
        encoder: Encoder,
        gallery: Gallery,
        progress: Progress = silent,
        groups: Iterable[str] | None = None,
        rights: str = "",
    ) -> None:
        """`groups` shall see all of it; None: those that a document names, else those that saw it before.

        `rights` is by what right it is taken; "": what a document says of itself, else what was known of it.

        Raises:
            UsageError: that is no name of a group.
        """
        self._groups = None if groups is None else as_groups(groups)
        self._rights = rights
        self._store = store
        self._encoder = encoder
        self._gallery = gallery
        self._progress = progress
        self._start = time.perf_counter()
        self._known = store.documents()
        self._moved: list[Gone] = []
        self._counts = _Counts()

    def add_files(self, paths: Sequence[str | Path], prune: bool, skip: Path) -> None:
        """Files, folders and patterns, but nothing in `skip`, the knowledge base's own folder, except named uploads.

        With `prune`, documents whose files are gone are removed.
        """
        found = find_files(paths)
        self._counts.failed += found.failures
        changed = self._changed(_without_own(found.files, paths, skip.resolve()))
        self._progress(self._counts.done, self._counts.done + len(changed), 0)
        self._take(changed)
        if prune:
            self._prune(paths)

    def add_documents(self, documents: Sequence[Document]) -> AddReport:
        """Documents that are text already; of several with one name, the last counts."""
        documents = list({document.id: document for document in documents}.values())
        changed = [d for d in documents if d.id not in self._known or self._known[d.id].digest != d.digest]
        same = [d for d in documents if d.id in self._known and self._known[d.id].digest == d.digest]
        self._revise([self._stated(d) for d in same])
        self._take(changed)
        return self._report()

    def _stated(self, document: Document) -> StoredDocument:
        """What the store shall know of a document whose text it has."""
        groups, origin = self._seers(document.id, document.groups), self._by_right(document.id, document.origin)
        return replace(self._known[document.id], groups=groups, trust=document.trust, origin=origin)

    def _seers(self, name: str, own: Sequence[str] = ()) -> tuple[str, ...]:
        """The groups that shall see a document."""
        if self._groups is not None:
            return self._groups
        if own:
            return as_groups(own)
        before = self._before(name)
        return before.groups if before else as_groups(self._store.viewer or ())

    def _by_right(self, name: str, origin: Origin) -> Origin:
        """The origin of a document, with the right that the user gives, or it says itself, or that was known before."""
        before = self._before(name)
        return replace(origin, rights=self._rights or origin.rights or (before.origin.rights if before else ""))

    def _before(self, name: str) -> StoredDocument | None:
        """What was known of a document, else of the first that moved to its name."""
        return self._known.get(name) or next((self._known[old.id] for old in self._moved if old.to == name), None)

    def _revise(self, documents: Sequence[StoredDocument]) -> None:
        """Documents whose texts are as they were: others may see them now, or they are trusted otherwise."""
        before = [self._known[document.name] for document in documents]
        updated = sum((a.groups, a.trust) != (b.groups, b.trust) for a, b in zip(documents, before, strict=True))
        self._counts.updated += updated
        self._counts.unchanged += len(documents) - updated
        for batch in _portions([a for a, b in zip(documents, before, strict=True) if a != b]):
            self._store.revise(batch)

    def _changed(self, files: Sequence[Path]) -> list[Path]:
        """The files whose bytes the store does not have; those that it has are dealt with."""
        changed: list[Path] = []
        same: list[StoredDocument] = []
        for file in files:
            known = self._known.get(document_id(file))
            try:
                str(file).encode()
                if known and known.digest == digest(file):
                    origin = self._by_right(known.name, known.origin)
                    same.append(replace(known, groups=self._seers(known.name), origin=origin))
                else:
                    changed.append(file)
            except UnicodeEncodeError:
                self._counts.failed.append(Failure(str(file), "its name is not Unicode", "rename it"))
            except OSError as error:
                self._counts.failed.append(Failure(str(file), f"it cannot be read ({error})", "check its rights"))
        self._revise(same)
        return changed

    def _take(self, changed: Sequence[Path | Document | Fetched]) -> None:
        """Parse, encode and commit, batch by batch; nothing is started for nothing."""
        changed = self._free(changed)
        done = self._counts.done
        total = done + len(changed)
        if not changed:
            return

        def tell() -> None:
            self._progress(done + len(self._counts.failed), total, self._counts.passages)

        # Also before each document is written with others: who is told may stop it there.
        for batch in _batches(_telling(self._good(parse_all(changed)), tell)):
            self._write(batch)
            done += len(batch)
            tell()

    def _free(self, changed: Sequence[Path | Document | Fetched]) -> list[Path | Document | Fetched]:
        """Those whose names no document has that is hidden from who adds them."""
        names = [document_id(item) if isinstance(item, Path) else item.id for item in changed]
        taken = self._store.hidden(names)
        self._counts.failed += [Failure(name, "its name is taken", "choose another name") for name in sorted(taken)]
        return [item for item, name in zip(changed, names, strict=True) if name not in taken]

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
        documents = {one.document.id: self._whole(one.document) for one in batch}
        if pictures:
            _place_wordless(passages, pictures, vectors)
            self._gallery.put(replace(pictures, groups=[documents[name].groups for name in pictures.documents]))
        self._store.replace(list(documents.values()), passages, vectors.astype(np.float32, copy=False))
        self._gallery.keep([name for name in documents if name in self._known], pictures.ids if pictures else [])
        updated = sum(name in self._known for name in documents)
        self._counts.updated += updated
        self._counts.added += len(documents) - updated
        self._counts.passages += len(passages)

    def _whole(self, document: Document) -> Document:
        """A document with who may see it, and by what right it is here."""
        groups, origin = self._seers(document.id, document.groups), self._by_right(document.id, document.origin)
        return replace(document, groups=groups, origin=origin)

    def _prune(self, paths: Sequence[str | Path]) -> None:
        """Remove the documents below `paths` whose files are gone."""
        roots = [document_id(path) for path in paths]
        gone = [
            name
            for name in self._known
            if any(name == root or name.startswith(f"{root.rstrip('/')}/") for root in roots)
            and not Path(name).exists()
        ]
        self._remove(gone)

    def _remove(self, gone: Sequence[str]) -> None:
        self._store.remove(gone)
        self._gallery.keep(gone, [])
        self._counts.removed += len(gone)

    def _report(self) -> AddReport:
        counts = self._counts
        # Always: it costs 3 ms where there is nothing to do, and an `add` that was killed leaves work.
        self._gallery.settle()
        self._store.optimize()
        seconds = time.perf_counter() - self._start
        failed = tuple(counts.failed)
        return AddReport(
            counts.added, counts.updated, counts.unchanged, counts.removed, counts.passages, seconds, failed
        )


def _without_own(files: Sequence[Path], paths: Sequence[str | Path], own: Path) -> list[Path]:
    """The files, without what lies in the knowledge base's folder unless it is an upload that a path is meant for.

    A folder around the knowledge base is not: uploads are not all for those for whom that is added.
    """
    meant = [path for path in paths if own / UPLOADS_FOLDER in (at := _place(path), *at.parents)]
    named = set(find_files(meant).files)
    return [file for file in files if own not in file.parents or file in named]


def _place(path: str | Path) -> Path:
    return Path(document_id(Path(path).expanduser()))


def _place_wordless(passages: Sequence[Passage], pictures: Embedded, vectors: Vectors) -> None:
    """Of a picture that nobody said anything of, the vector is where it lies among words; its file's name says less."""
    if pictures.seen is None:
        return
    seen = {pictures.ids[row]: pictures.seen[row] for row in pictures.wholes}
    for row, passage in enumerate(passages):
        if passage.picture and not passage.said:
            vectors[row] = seen[passage.id]


def _telling(parsed: Iterable[Parsed], tell: Callable[[], None]) -> Iterator[Parsed]:
    for one in parsed:
        tell()
        yield one


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


def _portions(documents: Iterable[StoredDocument]) -> Iterator[list[StoredDocument]]:
    """Documents of some passages together: their vectors are in memory while they move."""
    batch: list[StoredDocument] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += document.passages
        if size >= _MOVED:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _distinct(passages: Iterable[Passage]) -> list[Passage]:
    return list({passage.id: passage for passage in passages}.values())
