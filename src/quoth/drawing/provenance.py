"""What a drawn picture says of itself, in its own file: that a machine made it, from which words and pictures.

Programs read the XMP packet: IPTC's `DigitalSourceType` and its fields for what AI makes (IPTC Photo Metadata 2025.1).
All of it stands there as JSON too, in the property `quoth:provenance`; in a PNG also in a text chunk, `quoth`.
"""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lxml import etree
from PIL import Image, PngImagePlugin

from quoth.drawing.base import Way
from quoth.errors import StoreError, UsageError
from quoth.types import Pixels

MADE = "made by a machine"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_QUOTH = "urn:quoth:provenance:1"
_SPACES = {"x": "adobe:ns:meta/", "rdf": _RDF, "dc": _DC, "xmp": _XMP, "Iptc4xmpExt": _IPTC, "quoth": _QUOTH}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture of the knowledge base that a drawing was made from: its document's name, the digest of its pixels."""

    document: str
    digest: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a drawing comes from. `seed` and `steps` are None where the model takes none; `version` is Quoth's."""

    prompt: str
    model: str
    way: Way
    references: tuple[Reference, ...]
    seed: int | None
    steps: int | None
    strength: float | None
    version: str

    def as_json(self) -> str:
        """On one line, with a statement that a machine made it."""
        return json.dumps({"made": MADE, **asdict(self)}, ensure_ascii=False)


def save_drawing(pixels: Pixels, provenance: Provenance, path: Path) -> None:
    """Write a picture with its provenance; the extension tells the format.

    Raises:
        UsageError: the extension is none of `FORMATS`.
        StoreError: it cannot be written.
    """
    name = check_format(path)
    data = encode_drawing(pixels, provenance, name)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise StoreError(f"{path} cannot be written ({error})", "check the folder's rights and room") from error


def check_format(path: Path) -> str:
    """The format that a file's name stands for. Raises UsageError."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"{path} has no extension of a picture", f"name it {', '.join(FORMATS)}")
    return FORMATS[path.suffix.lower()]


def encode_drawing(pixels: Pixels, provenance: Provenance, name: str = "PNG") -> bytes:
    """The file's bytes, in Pillow's format of this name."""
    buffer, packet = io.BytesIO(), _packet(provenance)
    image = Image.fromarray(pixels)
    if name != "PNG":
        image.save(buffer, name, xmp=packet, quality=92)
        return buffer.getvalue()
    said = PngImagePlugin.PngInfo()
    said.add_itxt("XML:com.adobe.xmp", packet.decode())
    said.add_itxt("quoth", provenance.as_json())
    said.add_itxt("Software", _tool(provenance))
    image.save(buffer, name, pnginfo=said)
    return buffer.getvalue()


def _tool(provenance: Provenance) -> str:
    return f"Quoth {provenance.version}"


def _packet(provenance: Provenance) -> bytes:
    """The XMP packet, in UTF-8."""
    meta = etree.Element("{adobe:ns:meta/}xmpmeta", nsmap=_SPACES)
    about = etree.SubElement(etree.SubElement(meta, f"{{{_RDF}}}RDF"), f"{{{_RDF}}}Description")
    about.set(f"{{{_RDF}}}about", "")
    words = {
        f"{{{_IPTC}}}DigitalSourceType": SOURCE_TYPE,
        f"{{{_IPTC}}}AISystemUsed": provenance.model,
        f"{{{_IPTC}}}AIPromptInformation": provenance.prompt,
        f"{{{_XMP}}}CreatorTool": _tool(provenance),
        f"{{{_QUOTH}}}provenance": provenance.as_json(),
    }
    for tag, text in words.items():
        etree.SubElement(about, tag).text = _clean(text)
    described = etree.SubElement(etree.SubElement(about, f"{{{_DC}}}description"), f"{{{_RDF}}}Alt")
    line = etree.SubElement(described, f"{{{_RDF}}}li", {_LANGUAGE: "x-default"})
    line.text = _clean(f"{provenance.prompt} ({MADE})")
    begin = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return b"".join((begin, etree.tostring(meta, encoding="utf-8"), b'<?xpacket end="w"?>'))


def _clean(text: str) -> str:
    """Without the control characters that XML has no way to say."""
    return "".join(character for character in text if character.isprintable() or character in "\n\t")
