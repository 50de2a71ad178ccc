"""A text that was written, with its evidence: as Markdown, as a page, as a Word document."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from quoth.errors import StoreError, UsageError
from quoth.writing import docx, markdown, page
from quoth.writing.text import Illustration, Report, Section, share_of

_PAGES = (".html", ".htm")
SUFFIXES = (".md", ".markdown", *_PAGES, ".docx")


@dataclass(frozen=True, slots=True)
class Writing:
    """A text from a knowledge base.

    title, brief: what it is called, and what was asked for.
    generator: the model that wrote it, or chose its sentences.
    sections: those that the documents say something of.
    dropped, empty, notes: see `Report`.
    """

    title: str
    brief: str
    generator: str
    sections: tuple[Section, ...]
    dropped: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """How many words its sentences have."""
        return self.report.whole.words

    @property
    def report(self) -> Report:
        """How much of it is supported by what."""
        whole = share_of(one for section in self.sections for one in section.sentences)
        parts = tuple((section.heading, share_of(section.sentences)) for section in self.sections)
        return Report(whole, parts, self.dropped, self.empty, self.notes)

    @property
    def markdown(self) -> str:
        """Markdown with footnotes; pictures are named as `save` writes them, in a folder `pictures` beside the text."""
        return markdown.render(self)

    @property
    def html(self) -> str:
        """A page that stands alone, pictures and style in it.

        Raises:
            MissingExtraError: mdit-py-plugins is missing.
        """
        return page.render(self)

    @property
    def illustrations(self) -> list[Illustration]:
        """Its pictures, in their order."""
        return [block for section in self.sections for block in section.blocks if isinstance(block, Illustration)]

    @staticmethod
    def check_name(path: str | os.PathLike[str]) -> Path:
        """The file, if its name tells a format that a text can be saved in here.

        Raises:
            UsageError: it does not.
            MissingExtraError: what writes this format is missing.
        """
        file = Path(path)
        if file.suffix.casefold() not in SUFFIXES:
            raise UsageError(f"{file} is no name for a text", "end it in .md, .html or .docx")
        if file.suffix.casefold() == ".docx":
            docx.need()
        elif file.suffix.casefold() in _PAGES:
            page.need()
        return file

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file: Markdown (.md), a page (.html) or a Word document (.docx).

        Raises:
            UsageError: the name ends in something else.
            StoreError: the file cannot be written.
            MissingExtraError: what writes this format is missing.
        """
        file = self.check_name(path)
        try:
            if file.suffix.casefold() == ".docx":
                docx.save(self, file)
            elif file.suffix.casefold() in _PAGES:
                file.write_text(self.html, "utf-8")
            else:
                file.write_text(self.markdown, "utf-8")
                self._save_pictures(file.parent / markdown.PICTURES)
        except OSError as error:
            raise StoreError(f"{file} cannot be written ({error})", "check its rights and room") from error

    def _save_pictures(self, folder: Path) -> None:
        for one in self.illustrations:
            folder.mkdir(exist_ok=True)
            (folder / markdown.picture_file(one)).write_bytes(one.preview)
