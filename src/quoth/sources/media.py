"""What a file is, from its name: the table of media types that Quoth reads.

A type that is not here is not read: archives, programs, sounds. Text in a file whose name says nothing
is found by looking (`looks_like_text`), and only for files that the user named.
"""

from __future__ import annotations

from pathlib import PurePath

TEXT = "text/plain"
MARKDOWN = "text/markdown"
HTML = "text/html"
PDF = "application/pdf"
MAIL = "message/rfc822"
EPUB = "application/epub+zip"
XML = "application/xml"

_OPEN = "application/vnd.oasis.opendocument."
_OFFICE = "application/vnd.openxmlformats-officedocument."
_MACROS = ".macroEnabled.12"
DOCX = f"{_OFFICE}wordprocessingml.document"
PPTX = f"{_OFFICE}presentationml.presentation"
XLSX = f"{_OFFICE}spreadsheetml.sheet"
DOC, PPT, XLS = "application/msword", "application/vnd.ms-powerpoint", "application/vnd.ms-excel"
RTF = "application/rtf"
ODT, ODS, ODP = f"{_OPEN}text", f"{_OPEN}spreadsheet", f"{_OPEN}presentation"
MSG = "application/vnd.ms-outlook"
JPEG, PNG, GIF, WEBP = "image/jpeg", "image/png", "image/gif", "image/webp"
TIFF, BMP, AVIF = "image/tiff", "image/bmp", "image/avif"
PICTURES = (JPEG, PNG, GIF, WEBP, TIFF, BMP, AVIF)

_TEXT_SUFFIXES = """
    txt text log csv tsv json jsonl ndjson geojson yaml yml toml ini cfg conf properties env srt vtt
    diff patch rst adoc asciidoc org tex latex bib typ po pot ris enw nbib
    py pyi pyx r rs go java kt kts scala groovy clj c h cc cpp cxx hpp hh m mm cs fs vb swift dart
    js jsx mjs cjs ts tsx vue svelte css scss sass less php rb pl pm lua jl hs elm ml mli ex exs erl lisp el
    scm sh bash zsh fish ps1 bat cmd vim awk sed tcl zig nim d pas f f90 f95 asm s v sv vhd vhdl
    sql graphql proto thrift cmake make mk gradle tf nix dockerfile
"""

_SUFFIXES = {
    **dict.fromkeys(_TEXT_SUFFIXES.split(), TEXT),
    **dict.fromkeys(("md", "markdown", "mdown", "mkd", "commonmark", "mdx", "qmd", "rmd"), MARKDOWN),
    **dict.fromkeys(("html", "htm", "xhtml", "xht"), HTML),
    **dict.fromkeys(("xml", "rss", "atom", "opml", "fb2", "docbook", "dbk", "kml"), XML),
    "pdf": PDF,
    "eml": MAIL,
    "epub": EPUB,
    "docx": DOCX,
    "docm": f"application/vnd.ms-word.document{_MACROS}",
    "dotx": f"{_OFFICE}wordprocessingml.template",
    "pptx": PPTX,
    "pptm": f"application/vnd.ms-powerpoint.presentation{_MACROS}",
    "ppsx": f"{_OFFICE}presentationml.slideshow",
    "potx": f"{_OFFICE}presentationml.template",
    "xlsx": XLSX,
    "xlsm": f"application/vnd.ms-excel.sheet{_MACROS}",
    "xltx": f"{_OFFICE}spreadsheetml.template",
    "xlsb": f"application/vnd.ms-excel.sheet.binary{_MACROS}",
    **dict.fromkeys(("doc", "dot"), DOC),
    **dict.fromkeys(("ppt", "pps"), PPT),
    **dict.fromkeys(("xls", "xlt"), XLS),
    "rtf": RTF,
    "odt": ODT,
    "ods": ODS,
    "odp": ODP,
    "msg": MSG,
    "ipynb": "application/x-ipynb+json",
    **dict.fromkeys(("jpg", "jpeg", "jpe", "jfif"), JPEG),
    "png": PNG,
    "gif": GIF,
    "webp": WEBP,
    **dict.fromkeys(("tif", "tiff"), TIFF),
    "bmp": BMP,
    "avif": AVIF,
}

_TEXT_NAMES = """
    readme license licence copying notice authors contributors changelog changes history news install todo
    makefile dockerfile containerfile jenkinsfile vagrantfile gemfile rakefile procfile codeowners
"""


_ALIASES = {
    "application/xhtml+xml": HTML,
    "text/xml": XML,
    "text/rtf": RTF,
    "text/x-markdown": MARKDOWN,
    **dict.fromkeys(
        (f"application/{name}" for name in ["json", "javascript", "yaml", "toml", "sql", "x-sh", "x-tex"]), TEXT
    ),
}
# What servers say when they do not know.
_VAGUE = ("", "application/octet-stream", "binary/octet-stream", "application/zip", "text/plain")


def media_of(named: str, path: PurePath) -> str | None:
    """The media type of what a server calls `named`, or its path tells where that says little; None if none is read."""
    if named in _VAGUE:
        return media_type(path) or TEXT
    if named in _SUFFIXES.values():
        return named
    kind, _, rest = named.partition("/")
    if named in _ALIASES:
        return _ALIASES[named]
    if rest.endswith("+xml"):
        return XML
    return TEXT if kind == "text" or rest.endswith("+json") else None


def media_type(path: PurePath) -> str | None:
    """The media type that the file's name tells, or None if no parser reads such a file."""
    suffix = path.suffix.lower().lstrip(".")
    if not suffix and path.name.lower() in _TEXT_NAMES.split():
        return TEXT
    return _SUFFIXES.get(suffix)


def looks_like_text(head: bytes) -> bool:
    """Whether the first bytes of a file (some thousand are enough) are UTF-8 text, and not empty."""
    if not head or b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The window may end inside a character: at most three bytes are then missing.
        return error.reason == "unexpected end of data" and error.start >= len(head) - 3
    return True
