"""`kb.show`: the page or the picture that a source stands on, with the words of its quote marked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from quoth.answer import Source
from quoth.errors import DocumentError, UsageError
from quoth.manifest import read_manifest
from quoth.store import open_pictures, open_store
from quoth.types import Box, Hit, Passage

# Other files that pictures stand in are drawn from what is kept of them.
_PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif")


@dataclass(frozen=True, slots=True)
class Showing:
    """Draws what the sources of the knowledge base in `folder` stand on, as its `viewer` sees it (None: whole)."""

    folder: Path
    viewer: frozenset[str] | None = None

    def __call__(self, source: Source | Hit | Passage) -> bytes:
        """The page of a PDF, or the picture, as a JPEG file with what is quoted marked.

        Of a passage all its words are marked, of a picture that was found by a part of it that part.

        Words that were read from pictures have their boxes; others are looked for on the page. A picture comes from its
        file, or, if that is gone or the picture stands in a document, from what the knowledge base keeps (512 pixels).

        Raises:
            UsageError: it is text of a format without pages.
            DocumentError: the file is gone, has changed since it was added, or cannot be drawn.
        """
        passage = source if isinstance(source, Passage) else source.passage
        quote = source.quote if isinstance(source, Source) else passage.text
        lines = source.boxes if isinstance(source, Source) else passage.boxes
        if passage.picture:
            parts = [source.region] if isinstance(source, Hit) and source.region else [line.box for line in lines]
            return self._picture(passage, parts)
        if passage.page is None:
            cure = f"read it in {passage.document}, {passage.place}"
            raise UsageError(f"{passage.title} has neither pages nor pictures to show", cure)
        return self._page(passage, quote, [line.box for line in lines])

    def _page(self, passage: Passage, quote: str, boxes: list[Box]) -> bytes:
        page = boxes[0].page if boxes else passage.page
        return self._draw(passage, page, quote, [box for box in boxes if box.page == page])

    def _picture(self, passage: Passage, boxes: list[Box]) -> bytes:
        # Pillow and PDFium are for those who look.
        from quoth.passages.marking import mark, open_preview

        if passage.place == "picture" and passage.document.lower().endswith(_PICTURES):
            try:
                return self._draw(passage, None, "", boxes)
            except DocumentError:
                # What is kept of it shows the same.
                pass
        pictures = open_pictures(self.folder)
        if pictures and self.viewer is not None:
            pictures = pictures.seen_by(self.viewer)
        previews = pictures.previews([passage.id]) if pictures else {}
        if passage.id not in previews:
            raise DocumentError(f"the picture {passage.title} is no longer in the knowledge base", "ask again")
        return mark(open_preview(previews[passage.id]), boxes)

    def _draw(self, passage: Passage, page: int | None, quote: str, boxes: list[Box]) -> bytes:
        """In the process that parses: a file may have become anything."""
        from quoth.passages.isolation import Parser
        from quoth.passages.look import Look

        store = open_store(self.folder, read_manifest(self.folder).dimension)
        known = (store if self.viewer is None else store.seen_by(self.viewer)).documents()
        if passage.document not in known:
            raise DocumentError(f"{passage.document} is no longer in the knowledge base", "ask again")
        look = Look(passage.document, known[passage.document].digest, page, quote, tuple(boxes))
        with Parser() as parser:
            return parser.draw(look)
