"""A first look at an uploaded file: its name, and whether it is what its name says. Parsing comes later, elsewhere."""

from __future__ import annotations

import io
import os
import unicodedata
import zipfile
import zlib
from pathlib import Path

from quoth.interfaces.http.refusals import RefusedError
from quoth.sources import media
from quoth.sources.media import media_type

LONGEST_NAME = 200
"""In bytes of UTF-8; file systems take 255."""

_HEAD = 4096
_ZIP = b"PK\x03\x04"
_DIRECTORY_ENDS = b"PK\x05\x06"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TEXT = (media.TEXT, media.MARKDOWN, media.HTML, media.XML, media.MAIL, "application/x-ipynb+json")
_BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    media.PDF: (b"%PDF-",),
    media.RTF: (b"{\\rtf",),
    media.JPEG: (b"\xff\xd8\xff",),
    media.PNG: (b"\x89PNG\r\n\x1a\n",),
    media.GIF: (b"GIF87a", b"GIF89a"),
    media.WEBP: (b"RIFF",),
    media.TIFF: (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
    media.BMP: (b"BM",),
    **dict.fromkeys((media.DOC, media.XLS, media.PPT, media.MSG), (_OLE, b"{\\rtf", _ZIP)),
}
_WIDE = (b"\xff\xfe", b"\xfe\xff")
# Office files unpack to some 10 times their size, sparse tables to 50.
_BOMB_RATIO, _BOMB_FROM, _BOMB_ANYWAY, _BOMB_MEMBERS = 100, 20 << 20, 1 << 30, 20_000
# An archive's directory is read whole, before its members can be counted; one takes some 100 bytes there, 46 at least.
_DIRECTORY_BYTES = 4 << 20


def safe_name(given: str | None) -> str:
    """The name of an upload, if it is one that can be kept as it is.

    Raises:
        RefusedError: 400, it is no base name, or too long; 415, nothing reads it.
    """
    name = unicodedata.normalize("NFC", given or "")
    if not name or name != name.strip() or not name.isprintable() or name.startswith("."):
        raise RefusedError(
            400, f"{name!r:.100} is no name for a file", "give its base name: letters, digits, spaces, points"
        )
    if any(sign in name for sign in '/\\:*?"<>|'):
        raise RefusedError(
            400, f"the name {name!r:.100} has a path or a pattern in it", "give the file's base name alone"
        )
    size = len(name.encode())
    if size > LONGEST_NAME:
        raise RefusedError(400, f"the name has {size} bytes", f"at most {LONGEST_NAME} are kept")
    if media_type(Path(name)) is None:
        raise RefusedError(
            415, f"no parser reads files of type {Path(name).suffix or '(none)'}", "convert it to PDF or text"
        )
    return name


def inspect(path: Path) -> None:
    """Look whether a file is what its name says, and no bomb.

    Raises:
        RefusedError: 415, it is something else, or two things at once; 422, it is empty, or unpacks to too much.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise RefusedError(422, f"{path.name} is empty", "upload a file that has something in it")
    kind = media_type(path) or media.TEXT
    if not _begins_as(kind, head):
        raise RefusedError(415, f"{path.name} is not what its name says", "give it the extension of what it is")
    if head.startswith(_ZIP):
        _check_archive(path)
    elif kind not in _TEXT and _ends_as_archive(path):
        raise RefusedError(415, f"{path.name} is an archive besides", "upload the file without it")


def _begins_as(kind: str, head: bytes) -> bool:
    if kind in _TEXT:
        return b"\0" not in head or head.startswith(_WIDE)
    if kind == media.AVIF:
        return head[4:8] == b"ftyp"
    # What is left of the table's types are Office's and EPUB: archives.
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_BEGINNINGS.get(kind, (_ZIP,)))


def _check_archive(path: Path) -> None:
    """Refuse what unpacks to more than its size explains. The worker that unpacks it has limits besides."""
    try:
        with _Frugal(path) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError) as error:
        raise RefusedError(422, f"{path.name} is broken ({error})", "save it anew") from error
    unpacked, packed = sum(member.file_size for member in members), path.stat().st_size
    is_bomb = unpacked > _BOMB_FROM and unpacked > _BOMB_RATIO * packed
    if is_bomb or unpacked > _BOMB_ANYWAY or len(members) > _BOMB_MEMBERS:
        cause = f"{path.name} unpacks from {packed / 1e6:.1f} MB to {unpacked / 1e6:,.0f} MB, {len(members):,} files"
        raise RefusedError(422, cause, "split it")


def _ends_as_archive(path: Path) -> bool:
    """Whether an archive's directory is the end of the file: the file would be two things at once."""
    try:
        with _Frugal(path) as file, zipfile.ZipFile(file) as archive:
            file.seek(-len(_DIRECTORY_ENDS) - 18 - len(archive.comment), os.SEEK_END)
            return bool(archive.infolist()) and file.read(len(_DIRECTORY_ENDS)) == _DIRECTORY_ENDS
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, NotImplementedError):
        return False


class _Frugal(io.FileIO):
    """A file of which no large piece is read at once: what `zipfile` makes of a directory takes ten times its size."""

    def read(self, size: int | None = -1) -> bytes:
        """Up to `size` bytes. Raises RefusedError if that is more than a directory may have."""
        if size is not None and size > _DIRECTORY_BYTES:
            cause = f"{Path(os.fsdecode(self.name)).name} has a directory of {size / 1e6:.0f} MB"
            raise RefusedError(422, cause, "split it")
        return super().read(_DIRECTORY_BYTES if size is None or size < 0 else size)
