"""What is heavy behind a knowledge base: loaded when it is first needed, kept, and shared by all who see a part."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from quoth.assistants.ask import Asker
from quoth.assistants.remote import RemoteAsker
from quoth.encoders import Encoder, PictureEncoder, load_encoder, load_picture_encoder
from quoth.gallery import Gallery
from quoth.generators import LanguageModel, load_generator
from quoth.generators.remote_loading import is_remote, load_remote
from quoth.manifest import check_encoder, read_manifest, writing
from quoth.once import once
from quoth.rag.calibration import load as load_calibration
from quoth.retrieval import CANDIDATES, HybridRetriever
from quoth.settings import Settings
from quoth.store import Store, open_store
from quoth.types import Hit
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
            return RemoteAsker(self._retriever, load_remote(self.settings), self.settings)
        calibration = load_calibration(self.folder, self._model.name)
        return Asker(self._retriever, self._model, self.settings, calibration)

    def _writer(self, wishes: Mapping[str, object]) -> Writer:
        """What writes texts from what is seen here."""
        model = load_remote(self.settings) if is_remote(self.settings.model) else self._model
        return Writer(self._retriever, self._encoder, model, self._illustrations, make_wishes(wishes))

    def _illustrations(self, words: str, k: int) -> list[tuple[Hit, bytes]]:
        """Pictures for words, best first, with their previews."""
        hits = self._retriever.search_pictures(words, k, self.gallery.showing(words, CANDIDATES))
        previews = self.gallery.previews([hit.passage.id for hit in hits])
        return [(hit, previews[hit.passage.id]) for hit in hits if hit.passage.id in previews]

    def _load(self) -> None:
        """Load what answers need, so that copies share it."""
        _ = self._retriever, is_remote(self.settings.model) or self._model

    def _writing(self) -> AbstractContextManager[None]:
        """One writer at a time, in a folder that is a knowledge base of this encoder."""
        return writing(self.folder, self._encoder.identity, self._encoder.dimension)
