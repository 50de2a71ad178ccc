"""HTML -> text that reads well: the main part of the page, without navigation, scripts and permalinks.

Lists become `- ` lines, rows of tables `a | b | c`, code keeps its lines. A term and its definition stand in
adjacent lines, entries of a definition list are parted by a blank line: a splitter keeps an entry whole.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urljoin

from lxml import etree, html

from quoth.errors import DocumentError
from quoth.passages.content import Content, Writer, clean, one_line, squeeze
from quoth.passages.decode import decode
from quoth.passages.rights import rights_of

_DROPPED = """
    head script style template noscript nav svg annotation annotation-xml iframe object embed canvas audio
    video button select textarea input dialog
"""
_DROPPED_ROLES = "navigation search banner contentinfo menu menubar toolbar dialog"
_DROPPED_CLASSES = """
    headerlink viewcode-link viewcode-back mw-editsection linenos sphinxsidebar visually-hidden sr-only
"""
_BLOCKS = """
    address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure
    footer form header hgroup hr html legend li main ol p section summary table tbody td tfoot th thead tr ul
"""
_TIGHT = frozenset(("li", "dd", "td", "th", "tr", "caption"))
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_DROPPED_TAGS, _BLOCK_TAGS = frozenset(_DROPPED.split()), frozenset(_BLOCKS.split())
_ROLES, _CLASSES = frozenset(_DROPPED_ROLES.split()), frozenset(_DROPPED_CLASSES.split())
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_SEPARATORS = re.compile(r"\s*[|–—·»:-]")


def read(data: bytes, media_type: str) -> Content:  # noqa: ARG001 - every parser has this signature
    """The text of a page.

    Its title is `<title>`, without the site's name if the first heading tells what that is.
    """
    return read_markup(decode(data))


def read_markup(markup: str) -> Content:
    """The text of a page that is decoded already. Raises DocumentError if there is no element in it."""
    root = parse_markup(markup)
    body = root.find("body") if root.find("body") is not None else root
    content = _write(_main(body))
    if not content.text.strip():
        content = _write(body)
    return replace(content, title=_title(root, content), rights=rights_of(root))


def write_markup(markup: str, writer: Writer, base: str = "") -> None:
    """Add the text of a page to a document that consists of several (chapters, parts of a message).

    `base` is the page's own address, to which those of its pictures are relative.
    """
    root = parse_markup(markup)
    body = root.find("body")
    _Walk(writer, base).walk(root if body is None else body)


def parse_markup(markup: str) -> html.HtmlElement:
    """The tree of a page; as forgiving as browsers are."""
    # Bytes, because lxml refuses text with an encoding declaration; huge_tree: the worker has limits.
    parser = html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        return html.document_fromstring(clean(markup).encode(), parser=parser)
    except etree.ParserError as error:
        raise DocumentError("no text in it", "check that the page was saved whole") from error


def _write(element: html.HtmlElement) -> Content:
    writer = Writer()
    _Walk(writer).walk(element)
    return writer.content()


def _main(body: html.HtmlElement) -> html.HtmlElement:
    """The page's main part if it is marked as such; else all of it."""
    marked = body.xpath(".//main | .//*[@role='main']")
    return marked[0] if marked else body


def _title(root: html.HtmlElement, content: Content) -> str:
    title = one_line(root.findtext(".//title") or "")
    first = content.headings[0].text if content.headings else ""
    # "Glossary — Python 3.11 documentation" with the heading "Glossary": the page tells what is the site's.
    if not title or (first and title.startswith(first) and _SEPARATORS.match(title, len(first))):
        return first
    return title


def _is_dropped(element: html.HtmlElement) -> bool:
    if element.tag in _DROPPED_TAGS or not isinstance(element.tag, str):
        return True
    if element.tag in ("ul", "ol") and next(element.iterancestors("header"), None) is not None:
        # Menus: languages, sections, accounts. The header itself holds the title.
        return True
    return bool(element.attrib) and _is_marked(element)


def _is_marked(element: html.HtmlElement) -> bool:
    """Whether an element's attributes tell that it is furniture, or hidden."""
    attributes = element.attrib
    if attributes.get("role") in _ROLES or "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    if not _CLASSES.isdisjoint(attributes.get("class", "").split()):
        return True
    if element.tag in ("header", "footer"):
        return bool(element.getparent().tag == "body")
    return bool(_HIDDEN.search(attributes.get("style", "")))


@dataclass
class _Walk:
    """One walk over a tree: the words gathered since the last block ended, and how the next block starts."""

    writer: Writer
    base: str = ""
    words: list[str] = field(default_factory=list)
    gap: int = 2
    prefix: str = ""
    depth: int = 0

    def walk(self, element: html.HtmlElement) -> None:
        """Write an element with all below it."""
        try:
            self.element(element)
        except RecursionError as error:
            raise DocumentError("the page is nested too deeply", "save the page from a browser as PDF") from error
        self.flush()

    def element(self, element: html.HtmlElement) -> None:
        """Write one element, without the text that follows it."""
        tag = element.tag
        if tag in _HEADINGS:
            self.heading(element)
        elif tag == "pre":
            self.code(element)
        elif tag == "br":
            self.words.append("\n")
        elif tag == "img":
            self.picture(element)
        elif tag == "table" and not _is_layout(element):
            self.table(element)
        elif tag in _BLOCK_TAGS:
            self.block(element)
        else:
            self.children(element)

    def children(self, element: html.HtmlElement) -> None:
        """Write what is inside an element."""
        self.text(element.text)
        for child in element:
            if not _is_dropped(child):
                self.element(child)
            self.text(child.tail)

    def text(self, text: str | None) -> None:
        """Gather running text: line breaks in the source are blanks."""
        if text:
            self.words.append(text.replace("\n", " "))

    def picture(self, element: html.HtmlElement) -> None:
        """Add a picture with what is said of it, before the block that it stands in."""
        source = element.get("src", "")
        if source and not _is_dropped(element):
            with suppress(ValueError):  # what is no address
                self.writer.picture(urljoin(self.base, source), _said(element))

    def pictures(self, element: html.HtmlElement) -> None:
        """Add all pictures in an element of which only the words are written."""
        for one in element.iter("img"):
            self.picture(one)

    def block(self, element: html.HtmlElement) -> None:
        """Write an element that stands on lines of its own."""
        tag = element.tag
        is_list = tag in ("ul", "ol")
        self.flush()
        self.depth += is_list
        self.start(element)
        self.children(element)
        self.flush()
        self.depth -= is_list
        if tag in ("ul", "ol", "dl", "table") and not self.depth:
            self.gap = 2

    def start(self, element: html.HtmlElement) -> None:
        """How the first line of a block stands: its distance and what is before it."""
        tag = element.tag
        if tag == "li":
            self.gap = self.gap if self.opens_list(element) else 1
            self.prefix = "  " * max(self.depth - 1, 0) + _mark(element)
        elif tag == "dt":
            previous = element.getprevious()
            self.gap = 1 if previous is not None and previous.tag == "dt" else 2
        elif tag in _TIGHT or _inside_tight(element):
            self.gap = 1
        elif tag in ("p", "blockquote", "section", "article"):
            self.gap = 2

    def opens_list(self, item: html.HtmlElement) -> bool:
        """Whether an item is the first of a list that stands for itself: no line announces it."""
        if self.depth > 1 or item.getprevious() is not None or _inside_tight(item.getparent()):
            return False
        return not (self.writer.pieces and self.writer.pieces[-1].endswith(":"))

    def flush(self) -> None:
        """End a block: write the words gathered."""
        text = squeeze("".join(self.words))
        self.words.clear()
        if text:
            self.writer.block(self.prefix + text, self.gap)
            self.prefix, self.gap = "", 1 if self.depth else 2

    def heading(self, element: html.HtmlElement) -> None:
        """Write a heading; one inside a list or a table is a line like others."""
        self.flush()
        self.pictures(element)
        inner = _Walk(Writer())
        inner.children(element)
        text = one_line("".join(inner.words))
        if self.depth or self.prefix:
            self.writer.block(self.prefix + text, 1)
        else:
            self.writer.heading(_HEADINGS[element.tag], text)
        self.prefix, self.gap = "", 2

    def code(self, element: html.HtmlElement) -> None:
        """Write code with its lines as they are."""
        self.flush()
        text = "".join(_code_text(element))
        text = clean(text).strip("\n").rstrip()
        self.writer.block(self.prefix + text, 1 if _inside_tight(element) else 2)
        self.prefix, self.gap = "", 1 if _inside_tight(element) else 2

    def table(self, table: html.HtmlElement) -> None:
        """Write a table row by row."""
        self.flush()
        self.pictures(table)
        gap = 1 if self.depth or _inside_tight(table) else 2
        caption = table.find("caption")
        rows = [] if caption is None else [one_line(caption.text_content())]
        rows += [_row(row) for row in table.iter("tr")]
        for row in rows:
            if row:
                self.writer.block(self.prefix + row, gap)
                self.prefix, gap = "", 1
        self.gap = 2


def _said(picture: html.HtmlElement) -> str:
    """What a page says of a picture: its alternative text, its title, the caption of the figure that it is in."""
    figure = next(picture.iterancestors("figure"), None)
    caption = None if figure is None else figure.find(".//figcaption")
    said = [picture.get("alt", ""), picture.get("title", ""), "" if caption is None else caption.text_content()]
    return "\n".join(dict.fromkeys(filter(None, map(one_line, said))))


def _row(row: html.HtmlElement) -> str:
    cells = []
    for cell in row.iterchildren("td", "th"):
        inner = _Walk(Writer())
        inner.walk(cell)
        lines = inner.writer.content().text.split("\n")
        cells.append(one_line(" ".join(line.strip().removeprefix("- ") for line in lines)))
    return " | ".join(cells) if any(cells) else ""


def _is_layout(table: html.HtmlElement) -> bool:
    """Whether a table only arranges the page: it holds tables, headings or lists, or has one column."""
    if table.get("role") == "presentation" or table.xpath("boolean(.//table | .//h1 | .//h2 | .//h3 | .//h4)"):
        return True
    return all(len(row) <= 1 for row in table.iter("tr"))


def _inside_tight(element: html.HtmlElement) -> bool:
    parent = element.getparent()
    while parent is not None and parent.tag in ("div", "section", "p", "ul", "ol", "blockquote"):
        parent = parent.getparent()
    return parent is not None and parent.tag in _TIGHT


def _mark(item: html.HtmlElement) -> str:
    parent = item.getparent()
    if parent is None or parent.tag != "ol":
        return "- "
    number = 1 + sum(1 for _ in item.itersiblings("li", preceding=True))
    return f"{number}. "


def _code_text(element: html.HtmlElement) -> list[str]:
    """The pieces of code, with `<br>` as line breaks and without line numbers."""
    pieces = [element.text or ""]
    for child in element:
        if child.tag == "br":
            pieces.append("\n")
        elif not _is_dropped(child):
            pieces += _code_text(child)
        pieces.append(child.tail or "")
    return pieces
