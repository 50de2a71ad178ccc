"""The map as one HTML file that needs nothing else: drag, zoom, point at something to see what it is."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from importlib.resources import files

from PIL import Image

from quoth.map.items import Item, settle

_THUMBNAIL = 128
_WORDS = 300


def render_page(items: Sequence[Item], title: str, note: str) -> str:
    """The page; `note` says how the places came about."""
    settled, fields = settle(items)
    data = {"title": title, "note": note, "fields": fields, "items": [_record(item) for item in settled]}
    # "<" may begin "</script>": as an escape it is the same JSON.
    said = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    template = files("quoth.map").joinpath("page.html").read_text("utf-8")
    return template.replace("{{data}}", said)


def _record(item: Item) -> dict[str, object]:
    words = " ".join(item.words.split())[:_WORDS]
    record: dict[str, object] = {"x": round(item.x, 4), "y": round(item.y, 4), "title": item.title}
    record |= {"source": item.source, "words": words}
    if item.preview is not None:
        record["image"] = f"data:image/jpeg;base64,{base64.b64encode(_thumbnail(item.preview)).decode()}"
    return record


def _thumbnail(preview: bytes) -> bytes:
    image = Image.open(io.BytesIO(preview)).convert("RGB")
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=75)
    return buffer.getvalue()
