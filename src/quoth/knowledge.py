"""KnowledgeBase: the path, once. Everything that a person does with Quoth goes through here."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from quoth.asking import Asking
from quoth.engine import STATES_FOLDER
from quoth.errors import UsageError
from quoth.folders import default_folder, size_of
from quoth.gallery import read_picture
from quoth.gathering import gather
from quoth.generators import describe_model, open_states, state_files
from quoth.ingestion import Ingestion, Progress, silent
from quoth.intake import Intake
from quoth.manifest import is_knowledge_base, read_manifest
from quoth.naming import as_documents, as_groups, pick_name
from quoth.pictures import Pictures
from quoth.retrieval import CANDIDATES
from quoth.settings import load_settings
from quoth.sources.wanted import Wanted, apart
from quoth.store import StoredDocument
from quoth.types import KINDS, AddReport, Hit, Kind, Status, WarmReport
from quoth.warming import forget_states, warm_states


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


class KnowledgeBase(Asking):
    """Documents that can be searched and asked.

    What is heavy (the store, the encoder, the language model) is loaded when it is first needed, and kept.
    """

    @cached_property
    def _views(self) -> dict[tuple[str, ...], KnowledgeBase]:
        return {}

    def seen_by(self, groups: Collection[str]) -> KnowledgeBase:
        """The same as who is in these groups sees it: documents of theirs and of everybody.

        All else is not there: it is not found, not told, and has no influence on anything. Models are shared. What is
        added is for these groups unless others are named.

        Raises:
            UsageError: that is no name of a group.
        """
        named = as_groups(groups)
        if named not in self._views:
            self._views[named] = KnowledgeBase(self.folder, self.settings, self, named)
        return self._views[named]

    def add(
        self,
        *wanted: Wanted,
        groups: Iterable[str] | None = None,
        rights: str = "",
        prune: bool = False,
        warm: bool = False,
        crops: bool = False,
        allow_private: bool = False,
        progress: Progress = silent,
    ) -> AddReport:
        """Put files, folders, patterns, web pages and other sources in; what is there unchanged is skipped.

        Args:
            wanted: paths, addresses (`https://…`), a `Sitemap`, a `Feed`, `Rows` of a database, `ModelAnswers`.
                What cannot be had is in the report's `failed`; the rest goes in.
            groups: who may see it, () for everybody; None leaves that as it is, and new documents are for everybody.
            rights: by what right it is taken; by default what each page or feed says of itself, else as it was.
            prune: remove the documents below paths whose files are gone, pages that their servers say are gone, and
                rows that their query gives no more.
            crops: from now on look at regions of pictures too, also of those that are there; see `quoth.regions`.
            warm: then compute the passage states that are missing, see `warm`.
            allow_private: fetch pages of this machine and the local network too, through the environment's proxy if
                there is one.
            progress: is told how far it is, first in documents, then in passages.

        Raises:
            UsageError: nothing was given.
            MissingExtraError: what it needs is not installed.
            StoreError: the disk is full, or another process is writing. What was committed stays.
            IncompatibleError: the knowledge base was made with another encoder.
        """
        if not wanted:
            raise UsageError("nothing to add was given", "name files, folders or addresses")
        paths, others = apart(wanted)
        with self._writing():
            if crops:
                self.gallery.use_crops()
            intake = Intake(self._store, self._encoder, self.gallery, progress, groups, rights)
            streams = gather(others, intake.known, self.settings, allow_private)
            report = intake.add(paths, streams, prune, self.folder)
            forget_states(self.folder / STATES_FOLDER, self._all)
        if not warm:
            return report
        return replace(report, warm=self.warm(lambda done, total: progress(done, total, report.passages)))

    def add_texts(
        self,
        texts: Sequence[str],
        names: Sequence[str] | None = None,
        titles: Sequence[str] | None = None,
        progress: Progress = silent,
        *,
        groups: Iterable[str] | None = None,
        trust: float = 1.0,
    ) -> AddReport:
        """Put plain texts in.

        Args:
            texts: each becomes a document.
            names: what each is called; by default `text:` and the beginning of its digest. A name that
                is there already is replaced.
            titles: shown to people; by default the beginning of the text.
            progress: is told how far it is.
            groups: see `add`.
            trust: above 0 and at most 1, what the prior p(z|x) of their passages is multiplied by.

        Raises:
            UsageError: `names` or `titles` are not as many as `texts`, or the trust is out of range.
            StoreError: see `add`.
        """
        documents = as_documents(texts, names, titles, trust)
        with self._writing():
            ingestion = Ingestion(self._store, self._encoder, self.gallery, progress, groups)
            report = ingestion.add_documents(documents)
            forget_states(self.folder / STATES_FOLDER, self._all)
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
            forget_states(self.folder / STATES_FOLDER, self._all)
            return name

    def documents(self) -> list[StoredDocument]:
        """All documents by name: their titles, sizes, groups, trust, and where they came from.

        Raises:
            NotFoundError: there is no knowledge base.
        """
        self._must_exist()
        known = self._store.documents()
        return [known[name] for name in sorted(known)]

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
        previews = self.gallery.previews if self._looks else None
        return warm_states(self._store, states, lambda: self._model, progress, previews)

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

    def status(self) -> Status:
        """What is in it, and what it works with; who sees a part of it is not told of sizes on the disk.

        Raises:
            NotFoundError: there is no knowledge base.
        """
        self._must_exist()
        states = [] if self._whole else state_files(self.folder / STATES_FOLDER)
        return Status(
            path=str(self.folder),
            documents=len(self._store.documents()),
            passages=self._store.count(),
            pictures=self._store.count("image"),
            encoder=read_manifest(self.folder).encoder,
            generator=describe_model(self.settings.model),
            bytes=0 if self._whole else size_of(self.folder),
            states=sum(not file.is_part for file in states),
            state_bytes=sum(file.size for file in states),
            version=version("quoth"),
        )

    @cached_property
    def pictures(self) -> Pictures:
        """What can be done with the pictures besides searching and asking."""
        self._must_exist()
        return Pictures(self.gallery, lambda: self._store, self._writing)
