"""The pictures of a knowledge base: how they go in, and how they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from os import PathLike
from pathlib import Path

import numpy as np

from quoth.embeddings import load_embedding
from quoth.embeddings.bridge import find_bridge
from quoth.encoders import Encoder, PictureEncoder
from quoth.errors import DocumentError, IncompatibleError, NotFoundError
from quoth.looking import Looking
from quoth.passages import Parsed
from quoth.retrieval import Ranking, ranked, with_regions
from quoth.store import Embedded, PictureSpace, PictureStore, Store, open_pictures
from quoth.types import Hit, Passage, Picture, Pixels, Vectors

EMBEDDINGS = "embeddings"
# Of cosines: the softmax says how much nearer the first is than the others, and no more.
TEMPERATURE = 0.05
_BATCH = 256
# Decoded, with their regions.
_AT_ONCE = 32


class Gallery:
    """Pictures in the folder of a knowledge base; what is heavy is loaded when it is first needed."""

    def __init__(
        self,
        folder: Path,
        eyes: Callable[[], PictureEncoder],
        passages: Callable[[], Store],
        words: Callable[[], Encoder],
    ) -> None:
        """`passages` opens the store; `eyes` and `words` load the encoders of pictures and of texts."""
        self.folder = folder
        self._eyes = eyes
        self._passages = passages
        self._words = words
        self._looking: Looking | None = None
        self._opened: PictureStore | None = None

    @cached_property
    def encoder(self) -> PictureEncoder:
        """What looks at the pictures."""
        return self._eyes()

    def store(self) -> PictureStore | None:
        """The pictures, if there are any.

        Raises:
            IncompatibleError: another encoder looked at them.
        """
        found = self._open()
        if found and found.space.encoder != self.encoder.identity:
            made = found.space.encoder
            raise IncompatibleError(
                f"the pictures were encoded by {made}, not by {self.encoder.identity}",
                "set picture_encoder to what it was, or make the knowledge base anew",
            )
        return found

    def looking(self) -> Looking:
        """How these pictures are looked at: with the embedding that the last commit names."""
        found = self.store()
        if self._looking is None or (found and self._looking.space != found.space):
            self._looking = self._look_by(found.space) if found else self._look_newly()
        return self._looking

    def use_crops(self) -> None:
        """From now on pictures are looked at in regions too; those that are there at once, in one commit.

        Raises:
            StoreError: nothing was changed.
        """
        found = self.store()
        if found is None:
            self._opened = self._viewed(open_pictures(self.folder, self._look_newly(crops=True).space))
        elif not found.space.crops:
            looking = self._look_by(replace(found.space, crops=True))
            found.replace_all(looking.space, self._with_regions(found, looking))

    def look(self, batch: Sequence[Parsed]) -> tuple[list[Passage], Embedded | None]:
        """See `Looking.look`; without pictures nothing is loaded."""
        if not any(parsed.document.figures for parsed in batch):
            return [passage for parsed in batch for passage in parsed.passages], None
        return self.looking().look(batch)

    def put(self, pictures: Embedded) -> None:
        """Add pictures; their passages go in afterwards."""
        if self.store() is None:
            self._opened = self._viewed(open_pictures(self.folder, self.looking().space))
        if self._opened:
            self._opened.put(pictures)

    def keep(self, documents: Sequence[str], ids: Sequence[str]) -> None:
        """Take out the pictures of these documents but those of these passages."""
        found = self._open()
        if found:
            found.keep(documents, ids)

    def settle(self) -> None:
        """Let all pictures be seen by who sees their documents and be there no longer than these: a kill parts them."""
        found = self._open()
        if found:
            found.settle({name: known.groups for name, known in self._passages().documents().items()})

    def previews(self, ids: Sequence[str]) -> dict[str, bytes]:
        """JPEG files of those of these passages that are pictures."""
        found = self._open()
        return found.previews(ids) if found else {}

    def held(self) -> tuple[list[Passage], Vectors]:
        """All pictures by document, and (n, d) float32, their embeddings."""
        found = self.store()
        ids, vectors = found.vectors() if found else ([], np.empty((0, 0), np.float32))
        passages = self._passages().passages(ids)
        rows = sorted((row for row, name in enumerate(ids) if name in passages), key=lambda r: _place(passages[ids[r]]))
        return [passages[ids[row]] for row in rows], vectors[rows]

    def among_words(self, limit: int) -> tuple[list[Passage], Vectors]:
        """At most `limit` pictures, and (n, e) float32, where they lie among words; none without a bridge."""
        found = self.store()
        if found is None or not found.space.seen:
            return [], np.empty((0, 0), np.float32)
        batches = [batch for batch in found.batches(_BATCH) if batch.seen is not None]
        rows = {batch.ids[row]: batch.seen[row] for batch in batches for row in batch.wholes if batch.seen is not None}
        passages = self._passages().passages(sorted(rows)[:limit])
        return list(passages.values()), np.array([rows[name] for name in passages], np.float32)

    def _look_newly(self, *, crops: bool = False) -> Looking:
        return Looking(self.encoder, bridge=find_bridge(self.encoder, self._words()), crops=crops)

    def _look_by(self, space: PictureSpace) -> Looking:
        """As the pictures of this space were looked at."""
        folder, shipped = self.folder / EMBEDDINGS, find_bridge(self.encoder, self._words())
        embedding = load_embedding(folder / space.embedding) if space.embedding else None
        fitted = (space.bridge, load_embedding(folder / space.bridge)) if space.bridge else None
        return Looking(self.encoder, embedding, space.embedding, shipped, crops=space.crops, fitted=fitted)

    def _with_regions(self, found: PictureStore, looking: Looking) -> Iterator[Embedded]:
        """All pictures, some at a time, each with the regions of its preview."""
        # Pillow is for those who have pictures.
        from quoth.passages.pixels import decode_picture

        for batch in found.batches(_AT_ONCE):
            yield looking.with_regions(batch, [decode_picture(preview).pixels for preview in batch.previews])

    def said(self) -> tuple[list[Passage], Vectors]:
        """The pictures that something is said of, by document, and (n, e) float32, the embeddings of those words."""
        passages = [passage for passage in self.held()[0] if passage.said]
        return passages, self._words().encode([passage.said for passage in passages])

    def _open(self) -> PictureStore | None:
        """The pictures whatever encoder looked at them, if there are any; opened once, they are always the newest."""
        if self._opened is None:
            self._opened = self._viewed(open_pictures(self.folder))
        return self._opened

    def _viewed(self, found: PictureStore | None) -> PictureStore | None:
        viewer = self._passages().viewer
        return found if found is None or viewer is None else found.seen_by(viewer)

    def like(self, pixels: Pixels, k: int) -> Ranking:
        """The passages of the k pictures nearest to one, with their cosines, best first."""
        found = self.store()
        if found is None:
            return []
        looking = self.looking()
        [vector] = looking.embed(looking.encoder.encode([pixels]).vectors)
        return found.nearest(vector, k)

    def showing(self, words: str, k: int) -> Ranking:
        """The passages of the k pictures that show most what the words say, best first; none without a way there."""
        found = self.store()
        if found is None:
            return []
        if self.encoder.words is not None:
            [vector] = self.looking().embed(self.encoder.words.encode([words]))
            return found.nearest(vector, k)
        return found.nearest_to_words(self._words().encode([words])[0], k)

    def nearest(self, pixels: Pixels, k: int) -> list[Hit]:
        """The k pictures nearest to one, best first; scores are cosines."""
        found = self.like(pixels, k)
        passages = self._passages().passages([near.id for near in found])
        best = [(passages[near.id], near.score, near.score) for near in found if near.id in passages]
        return with_regions(ranked(best, TEMPERATURE), found)


def _place(passage: Passage) -> tuple[str, int, str]:
    return passage.document, passage.start, passage.picture


def read_picture(image: str | PathLike[str] | bytes) -> Picture:
    """A picture from its file or its bytes.

    Raises:
        NotFoundError: there is no such file.
        DocumentError: it is no picture, or it is broken or too large.
    """
    # Imported here: Pillow is for those who have pictures.
    from quoth.passages.pixels import decode_picture

    if isinstance(image, bytes):
        return decode_picture(image)
    try:
        return decode_picture(Path(image).expanduser().read_bytes())
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no file {image}", "check the spelling and the current folder") from error
    except OSError as error:
        raise DocumentError(f"{image} cannot be read ({error})", "check its rights") from error
    except DocumentError as error:
        raise DocumentError(f"{image}: {error.cause}", error.cure) from error
