"""`kb.pictures`: what people do with the pictures of a knowledge base besides searching and asking."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from quoth import comparing, fitting, mapping
from quoth.answer import Answer
from quoth.comparing import Alike, ClusterReport, DuplicateReport, Group
from quoth.embeddings import Record
from quoth.embeddings.pca import COMPONENTS
from quoth.errors import QuothError
from quoth.fitting import EmbeddingReport, Plan
from quoth.gallery import Gallery, read_picture
from quoth.rendering import shown_sources
from quoth.showing import Showing
from quoth.store import Store
from quoth.types import Hit, Passage

if TYPE_CHECKING:
    from quoth.assistants.draw import Drawn

FileName = str | os.PathLike[str]


class Pictures:
    """The pictures of one knowledge base."""

    def __init__(
        self, gallery: Gallery, store: Callable[[], Store], writing: Callable[[], AbstractContextManager[None]]
    ) -> None:
        """`store` opens the passages; `writing` gives a context in which alone one may write."""
        self._gallery = gallery
        self._store = store
        self._writing = writing

    def duplicates(self, threshold: float | None = None) -> DuplicateReport:
        """Groups of near-duplicates; see `quoth.comparing.duplicates`."""
        return comparing.duplicates(self._gallery, threshold)

    def neighbours(self, k: int = 5) -> list[Group]:
        """Each picture with its k nearest."""
        return comparing.neighbours(self._gallery, k)

    def clusters(self, count: int = 0) -> ClusterReport:
        """What is alike, with its most typical members; see `quoth.comparing.clusters`."""
        return comparing.clusters(self._gallery, count)

    def outliers(self, count: int = 10) -> list[Alike]:
        """What is least like anything else."""
        return comparing.outliers(self._gallery, count)

    def matrix(self) -> tuple[list[Passage], NDArray[np.float32]]:
        """All pictures and (n, n) float32, their cosines. Raises UsageError if they are too many."""
        return comparing.matrix(self._gallery)

    def fit(
        self, kind: str = "pca", dimension: int = COMPONENTS, *, whiten: bool = False, labels: str = "views"
    ) -> Record:
        """Fit an embedding and use it from then on; see `quoth.fitting.fit` and `Plan`."""
        with self._writing():
            return fitting.fit(self._gallery, kind, Plan(dimension, whiten, labels))

    def report(self) -> EmbeddingReport:
        """How the embeddings find, beside the vectors that they were made from."""
        return fitting.report(self._gallery)

    def map(self, path: FileName, title: str = "Quoth") -> None:
        """Draw pictures and texts with what is alike together: a page (.html) or a picture (.png, .jpg, .webp).

        Raises:
            UsageError: the name ends in something else, or there is nothing to draw.
            StoreError: the file cannot be written.
        """
        mapping.draw(Path(path), self._store(), self._gallery, title)

    def sheet(
        self, path: FileName, hits: Sequence[Hit], query: str = "", image: FileName | bytes | None = None
    ) -> None:
        """Draw what was found for words, or a picture, as a contact sheet into a file (.png or .jpg).

        Raises:
            UsageError: the name has no extension of a picture.
            StoreError: it cannot be written.
        """
        # Pillow is for those who have pictures.
        from quoth.sheet import draw_hits, save_sheet

        picture = None if image is None else read_picture(image)
        previews = self._gallery.previews([hit.passage.id for hit in hits if hit.passage.picture])
        save_sheet(draw_hits(query, picture, hits, previews), Path(path))

    def sheet_of_answer(self, path: FileName, answer: Answer) -> None:
        """The same of an answer's sources: pages and pictures, what is quoted marked; words where there are none."""
        from quoth.sheet import draw_sources, save_sheet

        shown: dict[int, bytes] = {}
        for i, source in shown_sources(answer):
            # Text of other formats, and files that are gone, stand there as words.
            with suppress(QuothError):
                shown[i] = Showing(self._gallery.folder, self._store().viewer)(source)
        save_sheet(draw_sources(answer, shown), Path(path))

    def sheet_of_groups(self, path: FileName, groups: Sequence[Group]) -> None:
        """The same of groups of what is alike, each on rows of its own."""
        from quoth.sheet import draw_groups, save_sheet

        pairs = [[(one.passage, one.cosine) for one in group.members] for group in groups]
        previews = self._gallery.previews([passage.id for group in pairs for passage, _ in group])
        save_sheet(draw_groups(pairs, previews), Path(path))

    def sheet_of_drawings(self, path: FileName, prompt: str, drawn: Sequence[Drawn]) -> None:
        """The same of new pictures: the words, what each was drawn after, and it itself, marked."""
        from quoth.sheet import draw_made, save_sheet

        made = [(one.pixels, f"seed {one.provenance.seed}, {one.provenance.way}", one.references) for one in drawn]
        previews = self._gallery.previews([hit.passage.id for one in drawn for hit in one.references])
        save_sheet(draw_made(prompt, made, previews), Path(path))
