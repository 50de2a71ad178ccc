"""The tools: search, ask, read a passage in its place, list the documents."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, ContentBlock, ImageContent, TextContent
from pydantic import BaseModel, Field

from quoth.access import Keyless
from quoth.assistants.desk import Desk
from quoth.errors import QuothError
from quoth.interfaces import shapes
from quoth.interfaces.collections import Collections, documents_of
from quoth.interfaces.mcp.replies import Documents, Hits, InPlaceReply, Listed, Said
from quoth.knowledge import KnowledgeBase
from quoth.types import Passage

AT_ONCE, WAITING = 4, 16
"""Questions that are answered at a time, and that may wait besides."""

PREVIEWS = 4
"""Pictures that a reply shows at most: they fill an assistant's context."""

Name = Annotated[str, Field(description="A collection, as list_documents names them; empty for the first.")]


class Tools:
    """The tools over some knowledge bases. Each gives data by its schema, and the same as text for those who read."""

    def __init__(self, collections: Collections, door: Keyless | None = None) -> None:
        """`door` is what each call goes through first: over HTTP anybody on this machine may call."""
        self._collections = collections
        self._door = door
        self._desk = Desk(AT_ONCE, WAITING)

    @property
    def all(self) -> Sequence[Callable[..., Any]]:
        """What an assistant may call; their docstrings are what it reads."""
        return self.search, self.ask, self.read_passage, self.list_documents

    def search(
        self,
        query: Annotated[str, Field(description="What to look for, in words.", max_length=10_000)],
        k: Annotated[int, Field(description="How many.", ge=1, le=50)] = 5,
        kind: Annotated[
            Literal["text", "image", "any"],
            Field(description="text or image for these alone; previews come with image."),
        ] = "any",
        collection: Name = "",
    ) -> Annotated[CallToolResult, Hits]:
        """Find the passages and pictures of the user's own documents that are nearest to words, best first.

        Give a hit's passage_id to read_passage to read what stands around it. Use ask to have a question answered.
        """
        with _telling(), self._base(collection) as base:
            hits = base.search(query, k, kind=None if kind == "any" else kind)
            pictures = [hit.passage for hit in hits] if kind == "image" else []
            shaped = shapes.search_shape(hits)
            return _result(Hits.model_validate({"hits": shaped}), _previews(base, pictures))

    def ask(
        self,
        question: Annotated[
            str, Field(description="One question that stands alone, at most 500 words.", max_length=20_000)
        ],
        collection: Name = "",
    ) -> Said:
        """Answer a question from the user's own documents, with verbatim quotes of its sources.

        The default model is small: it copies short answers well and does not reason. Ask for one fact at a time, and
        trust the quotes more than the answer's words. If abstained is true, the documents do not say it.
        """
        with _telling(), self._base(collection) as base:
            with self._desk.place():
                told = shapes.answer_shape(base.ask(question))
            return Said.model_validate({name: told[name] for name in Said.model_fields})

    def read_passage(
        self,
        passage_id: Annotated[str, Field(description="As search and ask give it.", pattern="^[0-9a-f]{16}$")],
        around: Annotated[int, Field(description="Neighbours on each side.", ge=0, le=10)] = 1,
        collection: Name = "",
    ) -> Annotated[CallToolResult, InPlaceReply]:
        """Read a passage in its place: with what stands before and after it in its document. A picture is shown."""
        with _telling(), self._base(collection) as base:
            found = base.read(passage_id, around)
            shaped = InPlaceReply.model_validate(shapes.in_place_shape(found))
            return _result(shaped, _previews(base, [found.passage]))

    def list_documents(
        self,
        offset: Annotated[int, Field(description="How many to pass over.", ge=0)] = 0,
        limit: Annotated[int, Field(description="How many to list.", ge=1, le=500)] = 50,
        collection: Name = "",
    ) -> Documents:
        """List the user's documents by name, and the collections that there are."""
        with _telling(), self._base(collection) as base:
            held = documents_of(base)
            listed = [
                Listed(document=one.name, title=one.title, passages=one.passages)
                for one in held[offset : offset + limit]
            ]
            return Documents(total=len(held), documents=listed, collections=[one.name for one in self._collections.all])

    @contextmanager
    def _base(self, collection: str) -> Iterator[KnowledgeBase]:
        if self._door:
            self._door.check()
        yield self._collections.find(collection or None).base


@contextmanager
def _telling() -> Iterator[None]:
    """An error of ours is for the assistant to read; any other is a bug, and logged."""
    try:
        yield
    except QuothError as error:
        raise ToolError(str(error)) from error


def _result(reply: BaseModel, pictures: Sequence[ImageContent]) -> CallToolResult:
    """The data, the same as text, and the pictures."""
    content: list[ContentBlock] = [TextContent(type="text", text=reply.model_dump_json()), *pictures]
    return CallToolResult(content=content, structured_content=reply.model_dump())


def _previews(base: KnowledgeBase, passages: Sequence[Passage]) -> list[ImageContent]:
    ids = [passage.id for passage in passages if passage.picture][:PREVIEWS]
    found = base.gallery.previews(ids) if ids else {}
    return [
        ImageContent(type="image", data=base64.b64encode(found[name]).decode(), mime_type="image/jpeg")
        for name in ids
        if name in found
    ]
