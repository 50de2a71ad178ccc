"""KnowledgeBase: the path, once. Everything that a person does with Quoth goes through here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock, Timeout

from quoth.answer import Answer
from quoth.assistants.ask import AnswerStream, Asker
from quoth.assistants.remote import RemoteAsker
from quoth.encoders import Encoder, load_encoder
from quoth.errors import NotFoundError, StoreError, UsageError
from quoth.folders import default_folder, size_of
from quoth.gallery import Gallery, read_picture
from quoth.gathering import Terms, gather
from quoth.generators import LanguageModel, describe_model, load_generator, open_states, state_files
from quoth.generators.remote_loading import is_remote, load_remote
from quoth.ingestion import Ingestion, Progress, silent
from quoth.manifest import check_encoder, is_knowledge_base, read_manifest, write_manifest
from quoth.naming import as_document, pick_name
from quoth.pictures import Pictures
from quoth.rag.calibration import load as load_calibration
from quoth.retrieval import CANDIDATES, HybridRetriever
from quoth.settings import Settings, load_settings
from quoth.sources.wanted import Wanted, is_address
from quoth.store import Store, open_store
from quoth.types import KINDS, AddReport, Hit, Kind, Status, WarmReport
from quoth.warming import forget_states, warm_states

STATES_FOLDER = "states"


def open(path: str | os.PathLike[str] | None = None, **settings: object) -> KnowledgeBase:
    """The knowledge base in the folder `path`, made by the first `add` if there is none.

    Args:
        path: a folder; by default `.quoth` in the current folder, else one in the user's data folder.
        settings: those of `quoth.settings.Settings`; they go before the folder's `settings.toml`.

    Raises:
        SettingsError: a setting does not exist or cannot have this value.
        IncompatibleError: another version of Quoth made it.
        StoreError: it is damaged.
    """
    folder = Path(path).expanduser().absolute() if path is not None else default_folder()
    if is_knowledge_base(folder):
        read_manifest(folder)
    return KnowledgeBase(folder, load_settings(folder, settings))


class KnowledgeBase:
    """Documents that can be searched and asked.

    What is heavy (the store, the encoder, the language model) is loaded when it is first needed, and kept.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings

    def add(
        self,
        *wanted: Wanted,
        prune: bool = False,
        warm: bool = False,
        rights: str = "",
        allow_private: bool = False,
        progress: Progress = silent,
    ) -> AddReport:
        """Put files, folders, patterns, web pages and other sources in; what is there unchanged is skipped.

        Args:
            wanted: what to add: paths, addresses (`https://…`), a `Sitemap`, a `Feed`, `Rows` of a database, the
                `ModelAnswers` to questions. What cannot be had is in the report's `failed`; the rest goes in.
            prune: remove the documents below paths whose files are gone, pages that their servers say are gone, and
                rows that their query gives no more.
            warm: then compute the passage states that are missing, see `warm`.
            rights: by what right it is taken; by default what each page or feed says of itself.
            allow_private: fetch web pages of this machine and the local network too, by the environment's proxy if
                there is one.
            progress: is told how far it is, first in documents, then in passages.

        Raises:
            UsageError: nothing to add was given.
            MissingExtraError: what is needed to fetch is not installed.
            StoreError: the disk is full, or another process is writing. What was committed stays.
            IncompatibleError: the knowledge base was made with another encoder.
        """
        if not wanted:
            raise UsageError("nothing to add was given", "name files, folders or addresses")
        paths = [one for one in wanted if isinstance(one, str | Path) and not is_address(one)]
        others = [one for one in wanted if not isinstance(one, str | Path) or is_address(one)]
        with self._writing():
            ingestion = Ingestion(self._store, self._encoder, self.gallery, progress)
            gathered = gather(others, ingestion.known, self.settings, Terms(rights, allow_private))
            if paths:
                ingestion.add_files(paths, prune, self.folder)
            for items in gathered:
                ingestion.add_items(items, prune)
            report = ingestion.report()
            forget_states(self.folder / STATES_FOLDER, self._store)
        if not warm:
            return report
        return replace(report, warm=self.warm(lambda done, total: progress(done, total, report.passages)))

    def add_texts(
        self,
        texts: Sequence[str],
        names: Sequence[str] | None = None,
        titles: Sequence[str] | None = None,
        progress: Progress = silent,
    ) -> AddReport:
        """Put plain texts in.

        Args:
            texts: each becomes a document.
            names: what each is called; by default `text:` and the beginning of its digest. A name that
                is there already is replaced.
            titles: shown to people; by default the beginning of the text.
            progress: is told how far it is.

        Raises:
            UsageError: `names` or `titles` are not as many as `texts`.
            StoreError: see `add`.
        """
        for given in (names, titles):
            if given is not None and len(given) != len(texts):
                raise UsageError(f"{len(texts)} texts with {len(given)} names or titles", "give one for each")
        documents = [
            as_document(text, names[i] if names else None, titles[i] if titles else None)
            for i, text in enumerate(texts)
        ]
        with self._writing():
            ingestion = Ingestion(self._store, self._encoder, self.gallery, progress)
            ingestion.add_documents(documents)
            report = ingestion.report()
            forget_states(self.folder / STATES_FOLDER, self._store)
        return report

    def remove(self, document: str) -> str:
        """Take a document out: by its name, its path, or the end of its path if no other ends so.

        Returns:
            its full name.

        Raises:
            NotFoundError: there is no such document.
            UsageError: several documents are meant.
        """
        self._must_exist()
        with self._writing():
            name = pick_name(document, list(self._store.documents()))
            self._store.remove([name])
            self.gallery.keep([name], [])
            forget_states(self.folder / STATES_FOLDER, self._store)
            return name

    def warm(self, progress: Callable[[int, int], None] = lambda _done, _total: None) -> WarmReport:
        """Compute the passage states that are missing, so that no question waits for a passage to be read.

        It takes what reading all passages takes, up to the setting `state_disk_megabytes`; stopped, it goes on
        where it was when it is called again. The model is not loaded if nothing is missing.

        Args:
            progress: is told how many passages have their state, and how many there are.

        Raises:
            NotFoundError: there is no knowledge base, or the model's file is missing.
            UsageError: the generator keeps no states on disk.
            StoreError: the states cannot be written.
            ModelError: the model cannot be loaded.
        """
        self._must_exist()
        states = open_states(self.settings, self.folder / STATES_FOLDER)
        if states is None:
            raise UsageError(
                f"{describe_model(self.settings.model)} keeps no passage states on disk here",
                "choose a GGUF model, and a state_disk_megabytes that is not 0",
            )
        return warm_states(self._store, states, lambda: self._model, progress)

    def search(
        self,
        query: str = "",
        k: int = 10,
        *,
        image: str | os.PathLike[str] | bytes | None = None,
        kind: Kind | None = None,
    ) -> list[Hit]:
        """The k passages nearest to words, to a picture, or to both, best first.

        Args:
            query: words.
            k: how many.
            image: a picture's file, or its bytes: the hits are pictures then.
            kind: "text" or "image" for these alone.

        Raises:
            UsageError: neither words nor a picture were given, or k is less than 1.
            DocumentError: the picture cannot be read.
            NotFoundError: there is no knowledge base, or no such file.
        """
        self._must_exist()
        if not query.strip() and image is None:
            raise UsageError("the query is empty", "give some words, or a picture")
        if k < 1:
            raise UsageError(f"{k} passages were asked for", "ask for at least 1")
        if kind not in (None, *KINDS):
            raise UsageError(f"there is no kind {kind!r}", f"choose one of: {', '.join(KINDS)}")
        if image is None:
            return self._by_words(query, k, kind)
        pixels = read_picture(image).pixels
        if not query.strip():
            return self.gallery.nearest(pixels, k)
        looks, likes = self.gallery.showing(query, CANDIDATES), self.gallery.like(pixels, CANDIDATES)
        return self._retriever.search_pictures(query, k, looks, likes)

    def ask(self, question: str) -> Answer:
        """Answer a question from the documents, or say that they do not say it.

        Raises:
            UsageError: the question is empty or longer than 500 words.
            NotFoundError: there is no knowledge base, or the model's file is missing.
            ModelError: the model cannot be loaded or the prompts do not fit it.
        """
        return self.stream(question).answer

    def stream(self, question: str) -> AnswerStream:
        """Like `ask`, piece by piece: iterate over the text, then take `.answer`."""
        self._must_exist()
        return self._asker.stream(question)

    def status(self) -> Status:
        """What is in it, and what it works with.

        Raises:
            NotFoundError: there is no knowledge base.
        """
        self._must_exist()
        states = state_files(self.folder / STATES_FOLDER)
        return Status(
            path=str(self.folder),
            documents=len(self._store.documents()),
            passages=self._store.count(),
            pictures=self._store.count("image"),
            encoder=read_manifest(self.folder).encoder,
            generator=describe_model(self.settings.model),
            bytes=size_of(self.folder),
            states=sum(not file.is_part for file in states),
            state_bytes=sum(file.size for file in states),
            version=version("quoth"),
        )

    @property
    def generator_name(self) -> str:
        """What people call the generator; loads it."""
        return self._model.name

    @cached_property
    def pictures(self) -> Pictures:
        """What can be done with the pictures besides searching and asking."""
        self._must_exist()
        return Pictures(self.gallery, lambda: self._store, self._writing)

    @cached_property
    def gallery(self) -> Gallery:
        """The pictures."""
        return Gallery(self.folder, self.settings.picture_encoder, lambda: self._store, lambda: self._encoder)

    @cached_property
    def _encoder(self) -> Encoder:
        return load_encoder()

    @cached_property
    def _store(self) -> Store:
        return open_store(self.folder, read_manifest(self.folder).dimension)

    @cached_property
    def _retriever(self) -> HybridRetriever:
        check_encoder(self.folder, self._encoder.identity)
        return HybridRetriever(self._store, self._encoder)

    @cached_property
    def _model(self) -> LanguageModel:
        return load_generator(self.settings, self.folder / STATES_FOLDER)

    @cached_property
    def _asker(self) -> Asker | RemoteAsker:
        if is_remote(self.settings.model):
            return RemoteAsker(self._retriever, load_remote(self.settings), self.settings)
        calibration = load_calibration(self.folder, self._model.name)
        return Asker(self._retriever, self._model, self.settings, calibration)

    def _by_words(self, words: str, k: int, kind: Kind | None) -> list[Hit]:
        looks = self.gallery.showing(words, CANDIDATES) if kind != "text" else []
        if kind == "image":
            return self._retriever.search_pictures(words, k, looks)
        return self._retriever.search_all(words, k, looks) if looks else self._retriever.search(words, k, kind)

    def _must_exist(self) -> None:
        if not is_knowledge_base(self.folder):
            raise NotFoundError(f"there is no knowledge base in {self.folder}", "make one: quoth add PATH")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One writer at a time, in a folder that is a knowledge base of this encoder."""
        if not is_knowledge_base(self.folder):
            write_manifest(self.folder, self._encoder.identity, self._encoder.dimension)
        check_encoder(self.folder, self._encoder.identity)
        lock = FileLock(self.folder / "writer.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise StoreError("another process is adding to this knowledge base", "wait until it ends") from error
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be written ({error})", "check its rights and room") from error
        try:
            yield
        finally:
            lock.release()
