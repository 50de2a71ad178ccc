"""A passage in its place: with what stands before and after it in its document."""

from __future__ import annotations

from dataclasses import dataclass

from quoth.errors import NotFoundError
from quoth.store import Store
from quoth.types import Passage


@dataclass(frozen=True, slots=True)
class InPlace:
    """A passage with its neighbours, each in the order of the document; fewer at its edges."""

    passage: Passage
    before: tuple[Passage, ...]
    after: tuple[Passage, ...]


def read_in_place(store: Store, passage_id: str, around: int) -> InPlace:
    """The passage of this id and at most `around` neighbours on each side.

    Raises:
        NotFoundError: there is no such passage, or no more.
    """
    found = store.passages([passage_id]).get(passage_id)
    there = store.passages_of(found.document) if found else []
    ids = [passage.id for passage in there]
    if found is None or passage_id not in ids:  # the document may go between the two looks
        raise NotFoundError(f"there is no passage {passage_id!r}", "search again: its document may have changed")
    i = ids.index(passage_id)
    return InPlace(found, tuple(there[max(0, i - around) : i]), tuple(there[i + 1 : i + 1 + around]))
