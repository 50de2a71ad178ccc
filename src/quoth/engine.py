"""What is heavy behind a knowledge base: loaded when it is first needed, kept, and shared by all who see a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from pathlib import Path
from typing import Self

from quoth.assistants.ask import Asker
from quoth.assistants.remote import RemoteAsker
from quoth.encoders import Encoder, PictureEncoder, load_encoder, load_picture_encoder
from quoth.gallery import Gallery
from quoth.generators import LanguageModel, load_generator, sees
from quoth.generators.remote_loading import is_remote, load_remote
from quoth.manifest import check_encoder, must_be_knowledge_base, read_manifest, writing
from quoth.once import once
from quoth.rag.calibration import load as load_calibration
from quoth.retrieval import CANDIDATES, HybridRetriever
from quoth.settings import Settings, change_settings
from quoth.store import Previews, Store, no_previews, open_store
from quoth.types import Hit, Kind, Vectors
from quoth.writing import Writer, make_wishes

STATES_FOLDER = "states"


class Engine:
    """The store, the encoders and the language model of a knowledge base, whole or as some groups see it."""

    def __init__(
        self, folder: Path, settings: Settings, whole: Engine | None = None, groups: tuple[str, ...] = ()
    ) -> None:
        """With `whole` it is what these groups see of that."""
        self.folder = folder
        self.settings = settings
        self._whole = whole
        self._groups = groups

    @once
    def gallery(self) -> Gallery:
        """The pictures."""
        return Gallery(self.folder, lambda: self._eyes, lambda: self._store, lambda: self._encoder)

    @once
    def _eyes(self) -> PictureEncoder:
        return self._whole._eyes if self._whole else load_picture_encoder(self.settings.picture_encoder)

    @once
    def _encoder(self) -> Encoder:
        return self._whole._encoder if self._whole else load_encoder()

    @once
    def _model(self) -> LanguageModel:
        return self._whole._model if self._whole else load_generator(self.settings, self.folder / STATES_FOLDER)

    @once
    def _store(self) -> Store:
        """The documents that are seen here."""
        if self._whole:
            return self._whole._store.seen_by(self._groups)
        return open_store(self.folder, read_manifest(self.folder).dimension)

    @property
    def _all(self) -> Store:
        """All that there is, whoever may see it: for keeping house, not for telling."""
        return self._whole._all if self._whole else self._store

    @once
    def _retriever(self) -> HybridRetriever:
        check_encoder(self.folder, self._encoder.identity)
        return HybridRetriever(self._store, self._encoder)

    @once
    def _asker(self) -> Asker | RemoteAsker:
        if is_remote(self.settings.model):
            return RemoteAsker(self._retriever, load_remote(self.settings), self.settings, self.gallery.previews)
        calibration = load_calibration(self.folder, self._model.name)
        return Asker(self._retriever, self._model, self.settings, calibration, self._shown)

    @property
    def _shown(self) -> Previews:
        """The pictures, for a local model that looks at them; else none, without a look for them."""
        return self.gallery.previews if sees(self.settings) else no_previews

    def _writer(self, wishes: Mapping[str, object]) -> Writer:
        """What writes texts from what is seen here."""
        model = load_remote(self.settings) if is_remote(self.settings.model) else self._model
        return Writer(self._retriever, self._encoder, model, self._illustrations, make_wishes(wishes))

    def _illustrations(self, words: str, k: int) -> list[tuple[Hit, bytes]]:
        """Pictures for words, best first, with their previews."""
        hits = self._retriever.search_pictures(words, k, self.gallery.showing(words, CANDIDATES))
        previews = self.gallery.previews([hit.passage.id for hit in hits])
        return [(hit, previews[hit.passage.id]) for hit in hits if hit.passage.id in previews]

    def with_settings(self, **settings: object) -> Self:
        """The same, asked in another way: what is loaded is shared.

        Args:
            settings: those of `quoth.settings.Settings` that say how to answer.

        Raises:
            SettingsError: there is none such, or it belongs to what is loaded already.
            NotFoundError: there is no knowledge base.
        """
        changed = change_settings(self.settings, settings)
        must_be_knowledge_base(self.folder)
        # Loaded before it is copied, or each copy would load its own.
        _ = self._retriever, is_remote(self.settings.model) or self._model
        other = copy(self)
        other.settings = changed
        for made in ("_asker", "_views"):
            other.__dict__.pop(made, None)
        return other

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(n,) texts -> (n, d) float32, unit rows, by the encoder of texts."""
        return self._encoder.encode(texts)

    def _writing(self) -> AbstractContextManager[None]:
        """One writer at a time, in a folder that is a knowledge base of this encoder."""
        return writing(self.folder, self._encoder.identity, self._encoder.dimension)

    def _by_words(self, words: str, k: int, kind: Kind | None) -> list[Hit]:
        looks = self.gallery.showing(words, CANDIDATES) if kind != "text" else []
        if kind == "image":
            return self._retriever.search_pictures(words, k, looks)
        return self._retriever.search_all(words, k, looks) if looks else self._retriever.search(words, k, kind)

    def _must_exist(self) -> None:
        must_be_knowledge_base(self.folder)
