"""A text as an HTML page that stands alone: Markdown rendered by markdown-it, footnotes by its plugin."""

from __future__ import annotations

import base64
import html
from importlib.util import find_spec
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from quoth.errors import MissingExtraError
from quoth.writing.markdown import PICTURES, picture_file

if TYPE_CHECKING:
    from quoth.writing.writing import Writing

_STYLE = """\
body{max-width:42rem;margin:2rem auto;padding:0 1rem;font:1.05rem/1.6 Georgia,serif;color:#222;background:#fff}
h1,h2{font-family:system-ui,sans-serif;line-height:1.25}pre{overflow:auto;padding:.8rem;background:#f4f4f4;font-size:.85rem}
img{max-width:100%}.footnotes{font-size:.85rem}.footnote-ref a{text-decoration:none}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#262626}a{color:#8bf}}"""


def need() -> None:
    """That what `render` needs is installed; nothing is loaded.

    Raises:
        MissingExtraError: mdit-py-plugins is missing.
    """
    if find_spec("mdit_py_plugins") is None:
        raise MissingExtraError("pages are made with mdit-py-plugins", 'pip install "quoth[write]"')


def render(writing: Writing) -> str:
    """The page.

    Raises:
        MissingExtraError: mdit-py-plugins is missing.
    """
    need()
    from mdit_py_plugins.footnote import footnote_plugin

    # What documents say is never read as HTML.
    body = MarkdownIt("commonmark", {"html": False}).use(footnote_plugin).render(writing.markdown)
    for one in writing.illustrations:
        data = base64.b64encode(one.preview).decode("ascii")
        body = body.replace(f'src="{PICTURES}/{picture_file(one)}"', f'src="data:image/jpeg;base64,{data}"')
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="viewport" '
        f'content="width=device-width,initial-scale=1">\n<title>{html.escape(writing.title)}</title>\n'
        f"<style>\n{_STYLE}\n</style>\n<body>\n{body}</body>\n</html>\n"
    )
