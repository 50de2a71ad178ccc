"""`POST /search`, `/passages` and `/pictures`: what is found, in its place."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, Query, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field

from quoth.errors import DocumentError, NotFoundError
from quoth.interfaces import shapes
from quoth.interfaces.http.refusals import RefusedError
from quoth.interfaces.http.replies import Errors, HitReply, InPlaceReply
from quoth.interfaces.http.service import Reading, Room
from quoth.passages.pixels import open_picture
from quoth.types import Kind

router = APIRouter(tags=["search"], responses=Errors)

MOST = 1000
MOST_PIXELS = 50_000_000
"""Of a picture that is searched by."""
FORMATS = frozenset({"JPEG", "MPO", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"})
PassageId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["5d2c8a19e0b7f364"])]
Words = Annotated[str, Field(max_length=10_000, description="What to look for.")]
HowMany = Annotated[int, Field(ge=1, le=MOST, description="How many.")]


class SearchRequest(BaseModel):
    """Words, a picture, or both."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"query": "lazy iterators", "k": 3, "kind": "text"}]}
    )

    query: Words = ""
    image: str | None = Field(None, description="A picture's file in base64; what is found are pictures then.")
    kind: Literal["text", "image"] | None = Field(None, description="These alone.")
    k: HowMany = 10


@router.post("/search", response_model=list[HitReply], summary="Find the nearest passages and pictures")
async def search(wanted: SearchRequest, room: Reading) -> list[dict[str, Any]]:
    """By words, by a picture in base64, or by both: best first."""
    return await room.take(lambda: _found(room, wanted.query, wanted.k, _decoded(wanted.image), wanted.kind))


@router.post("/search/picture", response_model=list[HitReply], summary="Find by a picture that is uploaded")
async def search_picture(
    room: Reading,
    image: Annotated[UploadFile, File(description="A picture's file.")],
    query: Annotated[str, Form(max_length=10_000, description="Words besides.")] = "",
    k: Annotated[int, Form(ge=1, le=MOST)] = 10,
) -> list[dict[str, Any]]:
    """The same with the picture as multipart/form-data: `curl -F image=@cat.jpg .../search/picture`."""
    return await room.take(lambda: _found(room, query, k, image.file.read(), None))


@router.get("/passages/{passage_id}", response_model=InPlaceReply, summary="Read a passage in its place")
def read_passage(
    passage_id: PassageId,
    room: Reading,
    around: Annotated[int, Query(ge=0, le=50, description="Neighbours on each side.")] = 1,
) -> dict[str, Any]:
    """The passage, and those before and after it in its document."""
    return shapes.in_place_shape(room.base.read(passage_id, around))


@router.get(
    "/pictures/{passage_id}",
    summary="Look at a picture",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}, "description": "A preview, as JPEG."}},
)
def preview(passage_id: PassageId, room: Reading) -> Response:
    """A preview of a passage that is a picture."""
    if not room.base.read(passage_id, 0).passage.picture:
        raise NotFoundError(f"the passage {passage_id!r} is no picture", f"read it: GET /passages/{passage_id}")
    found = room.base.gallery.previews([passage_id]).get(passage_id)
    if found is None:
        raise NotFoundError(f"the picture {passage_id!r} is gone", "search again")
    return Response(found, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})


def _found(room: Room, query: str, k: int, image: bytes | None, kind: Kind | None) -> list[dict[str, Any]]:
    if image is not None:
        _check(image)
    return shapes.search_shape(room.base.search(query, k, image=image, kind=kind))


def _check(image: bytes) -> None:
    """Refuse what is large once decoded, which is done in this process, or hides its size as icons do."""
    found = open_picture(image)
    width, height = found.size
    if found.format not in FORMATS:
        raise DocumentError(f"it is a picture of type {found.format}", "save it as PNG or JPEG")
    if width * height > MOST_PIXELS:
        cause = f"{width} x {height} pixels are too many: the limit is {MOST_PIXELS // 1_000_000} million here"
        raise DocumentError(cause, "make it smaller: 512 pixels are looked at")


def _decoded(image: str | None) -> bytes | None:
    """The bytes of a picture in base64; a data URL's beginning is left out."""
    if image is None:
        return None
    try:
        return base64.b64decode(image.partition(";base64,")[2] or image, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError(400, f"image is not base64 ({error})", "encode the picture's file in base64") from error
