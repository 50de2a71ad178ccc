"""What is heavy behind a knowledge base: loaded when it is first needed, kept, and shared by all who see a part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Self

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

if TYPE_CHECKING:
    from quoth.generators.remote import RemoteModel
    from quoth.writing import Writer

STATES_FOLDER = "states"


class Engine:
    """The store, the encoders and the language model of a knowledge base, whole or as some groups see it.

    Views, and copies with other settings, ask those that they are of for what is heavy: it is loaded once.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        whole: Engine | None = None,
        groups: tuple[str, ...] = (),
        origin: Self | None = None,
    ) -> None:
        """With `whole` it is what these groups see of that, with `origin` that with other settings."""
        self.folder = folder
        self.settings = settings
        self._whole = whole
        self._groups = groups
        self._origin = origin

    @property
    def _loader(self) -> Engine | None:
        """Who loads the models; None: this one."""
        return self._origin or self._whole

    @once
    def gallery(self) -> Gallery:
        """The pictures."""
        if self._origin:
            return self._origin.gallery
        return Gallery(self.folder, lambda: self._eyes, lambda: self._store, lambda: self._encoder)

    @once
    def _eyes(self) -> PictureEncoder:
        return self._loader._eyes if self._loader else load_picture_encoder(self.settings.picture_encoder)

    @once
    def _encoder(self) -> Encoder:
        return self._loader._encoder if self._loader else load_encoder()

    @once
    def _model(self) -> LanguageModel:
        return self._loader._model if self._loader else load_generator(self.settings, self.folder / STATES_FOLDER)

    @once
    def _remote(self) -> RemoteModel:
        """The model of a server; what it refused once it is not sent again."""
        return self._loader._remote if self._loader else load_remote(self.settings)

    @property
    def _generator(self) -> LanguageModel | RemoteModel:
        return self._remote if is_remote(self.settings.model) else self._model

    @once
    def _looks(self) -> bool:
        """Whether a local model looks at pictures; a hub is asked for its file."""
        return self._loader._looks if self._loader else sees(self.settings)

    @once
    def _store(self) -> Store:
        """The documents that are seen here."""
        if self._origin:
            return self._origin._store
        if self._whole:
            return self._whole._store.seen_by(self._groups)
        return open_store(self.folder, read_manifest(self.folder).dimension)

    @property
    def _all(self) -> Store:
        """All that there is, whoever may see it: for keeping house, not for telling."""
        return self._whole._all if self._whole else self._store

    @once
    def _retriever(self) -> HybridRetriever:
        if self._origin:
            return self._origin._retriever
        check_encoder(self.folder, self._encoder.identity)
        return HybridRetriever(self._store, self._encoder)

    @once
    def _asker(self) -> Asker | RemoteAsker:
        if is_remote(self.settings.model):
            return RemoteAsker(self._retriever, self._remote, self.settings, self.gallery.previews)
        calibration = load_calibration(self.folder, self._model.name)
        return Asker(self._retriever, self._model, self.settings, calibration, self._shown)

    @property
    def _shown(self) -> Previews:
        """The pictures, for a local model that looks at them; else none, without a look for them."""
        return self.gallery.previews if self._looks else no_previews

    def _writer(self, wishes: Mapping[str, object]) -> Writer:
        """What writes texts from what is seen here."""
        # A parser of Markdown is for those who write.
        from quoth.writing import Writer, make_wishes

        return Writer(self._retriever, self._encoder, self._generator, self._illustrations, make_wishes(wishes))

    def _illustrations(self, words: str, k: int) -> list[tuple[Hit, bytes]]:
        """Pictures for words, best first, with their previews."""
        hits = self._retriever.search_pictures(words, k, self.gallery.showing(words, CANDIDATES))
        previews = self.gallery.previews([hit.passage.id for hit in hits])
        return [(hit, previews[hit.passage.id]) for hit in hits if hit.passage.id in previews]

    def with_settings(self, **settings: object) -> Self:
        """The same, asked in another way: what is loaded, then or later, is shared.

        Args:
            settings: those of `quoth.settings.Settings` that say how to answer.

        Raises:
            SettingsError: there is none such, or it belongs to what is loaded already.
            NotFoundError: there is no knowledge base.
        """
        changed = change_settings(self.settings, settings)
        must_be_knowledge_base(self.folder)
        return type(self)(self.folder, changed, self._whole, self._groups, self._origin or self)

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
