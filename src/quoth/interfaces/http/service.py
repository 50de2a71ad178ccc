"""What all requests share, and what each gets of it: dependencies of the routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Query, Request

from quoth.interfaces.collections import FIRST, Collection, Collections
from quoth.interfaces.http.desk import Desk
from quoth.interfaces.http.gate import VISITOR, Visitor
from quoth.interfaces.http.jobs import Jobs
from quoth.interfaces.http.metrics import Meters
from quoth.interfaces.http.refusals import RefusedError
from quoth.interfaces.http.turns import Result, Turns
from quoth.knowledge import KnowledgeBase


@dataclass(frozen=True, slots=True)
class Service:
    """What one server has. desk: where questions wait; turns: where shorter work does."""

    collections: Collections
    desk: Desk
    turns: Turns
    jobs: Jobs
    meters: Meters


@dataclass(frozen=True, slots=True)
class Room:
    """A collection as one visitor sees it.

    base: without what the visitor may not see.
    """

    collection: Collection
    base: KnowledgeBase
    visitor: Visitor
    service: Service

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.collection.name

    @property
    def uploads(self) -> Path:
        """Where uploaded files are kept."""
        return self.collection.uploads

    @property
    def groups(self) -> tuple[str, ...]:
        """Whose the visitor's documents are; none are everybody's."""
        return self.visitor.keys[self.name].groups if self.visitor.keys else ()

    def asked(self, **settings: object) -> KnowledgeBase:
        """The knowledge base with these ways to answer."""
        return self.base.with_settings(**settings) if settings else self.base

    async def take(self, work: Callable[[], Result]) -> Result:
        """What this work gives, in its turn; see `Turns.take`."""
        return await self.service.turns.take(work, self.visitor.id)

    def check_writing(self) -> Room:
        """Itself, if the visitor may write.

        Raises:
            RefusedError: 403.
        """
        if self.visitor.keys and self.visitor.keys[self.name].read_only:
            raise RefusedError(403, f"the key {self.visitor.name!r} may only read", "use one that may write")
        return self


async def service_of(request: Request) -> Service:
    """What the server has. Like all dependencies it waits for nothing, nor for a thread: those may all be busy."""
    service: Service = request.app.state.service
    return service


async def visitor_of(request: Request) -> Visitor:
    """Who asks, as the gate found."""
    visitor: Visitor = request.scope[VISITOR]
    return visitor


def room_for(service: Service, visitor: Visitor, name: str | None) -> Room:
    """The collection of this name as the visitor sees it; without a name, the first that there is for them.

    Raises:
        NotFoundError: there is none such.
        RefusedError: 403, the key does not open it.
    """
    if visitor.keys is None:
        found = service.collections.find(name)
        return Room(found, found.base, visitor, service)
    open_to = [one for one in service.collections.all if one.name in visitor.keys]
    wanted = [one for one in open_to if name in (None, FIRST, one.name)]
    if not wanted:  # whether there is such a collection is not said
        raise RefusedError(403, f"the key {visitor.name!r} opens no collection {name!r}", "use another key")
    found = next((one for one in wanted if one.name == name), wanted[0])
    return Room(found, found.base.seen_by(visitor.keys[found.name].groups), visitor, service)


def rooms_of(service: Service, visitor: Visitor) -> list[Room]:
    """All that the visitor may enter."""
    names = [one.name for one in service.collections.all if visitor.keys is None or one.name in visitor.keys]
    return [room_for(service, visitor, name) for name in names]


TheService = Annotated[Service, Depends(service_of)]
TheVisitor = Annotated[Visitor, Depends(visitor_of)]


async def room(
    service: TheService,
    visitor: TheVisitor,
    collection: Annotated[
        str | None, Query(description="The collection's name, as in `/v1/models`; by default the first.")
    ] = None,
) -> Room:
    """The dependency of most routes."""
    return room_for(service, visitor, collection)


async def room_to_write(found: Annotated[Room, Depends(room)]) -> Room:
    """The same for routes that change it."""
    return found.check_writing()


Reading = Annotated[Room, Depends(room)]
Writing = Annotated[Room, Depends(room_to_write)]
