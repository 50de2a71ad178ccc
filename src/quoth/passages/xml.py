"""XML of any kind (feeds, records, books): one line for each element that holds text, `name: text`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from quoth.errors import DocumentError
from quoth.passages.content import Content, one_line
from quoth.passages.html import read_markup

_TAG = re.compile(r"<[a-zA-Z/][^>]*>")


def read(data: bytes, media_type: str) -> Content:  # noqa: ARG001 - every parser has this signature
    """The text of an XML file; records are parted by a blank line. Raises DocumentError if it is not XML."""
    root = parse_xml(data)
    lines: list[str] = []
    for depth, line in _lines(root, 0):
        # The children of the root are the records of most formats, or hold them.
        lines.append("\n" + line if depth <= 2 and lines and not line else line)
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    title = root.xpath("string((//*[local-name()='title'])[1])")
    return Content(text, one_line(title) if len(title) < 200 else "")


def parse_xml(data: bytes) -> etree._Element:
    """The root of an XML file; no entity is expanded, nothing is fetched. Raises DocumentError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, recover=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError(f"the XML is broken: {one_line(str(error))}", "check the file in an editor") from error
    if root is None:
        raise DocumentError("the XML is broken: it has no root element", "check the file in an editor")
    return root


def _lines(root: etree._Element, depth: int) -> Iterator[tuple[int, str]]:
    """Depth and line of every element with text of its own; an element with mixed text is one line.

    An element that groups others gives an empty line before its children.
    """
    waiting = [(root, depth)]
    while waiting:
        element, depth = waiting.pop()
        if not isinstance(element.tag, str):
            continue
        is_mixed = bool((element.text or "").strip()) or any((child.tail or "").strip() for child in element)
        if is_mixed or not len(element):
            text = _text("".join(element.itertext()))
            if text:
                yield depth, f"{etree.QName(element).localname}: {text}"
            continue
        yield depth, ""
        waiting += [(child, depth + 1) for child in reversed(element)]


def _text(text: str) -> str:
    """The text of an element on one line; feeds keep whole HTML pages in theirs."""
    if len(_TAG.findall(text[:2000])) > 1:
        text = read_markup(text).text
    return one_line(text)
