"""Passage states in step with the passages: `warm_states` computes, `forget_states` deletes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from quoth.errors import StoreError
from quoth.generators import LanguageModel, StateFolder, Stop, delete_states, passage_digest
from quoth.rag.images import images_of
from quoth.rag.prompt import look_name, passage_name, prompt_maker
from quoth.store import Previews, Store
from quoth.types import Passage, WarmReport


def warm_states(
    store: Store,
    states: StateFolder,
    load_model: Callable[[], LanguageModel],
    on_passage: Callable[[int, int], None],
    previews: Previews | None = None,
) -> WarmReport:
    """Compute the state of every passage that has none, until the disk bound is reached.

    It may be stopped at any moment and called again: what was computed is kept. The model is loaded if there is
    something to do.

    Args:
        store: whose passages are meant.
        states: where the model keeps its states.
        load_model: gives the model.
        on_passage: is told how many passages have their state, and how many there are.
        previews: gives the pictures, if the model looks at them.

    Raises:
        StoreError: the states cannot be written.
        ModelError: the model cannot be loaded.
    """
    start = time.perf_counter()
    wanted = {passage_digest(name): what for name, what in _named(store, looks=previews is not None)}
    states.renew(wanted.keys())
    there = states.passages()
    missing = {digest: what for digest, what in wanted.items() if digest not in there}
    kept, written = len(wanted) - len(missing), 0
    for digest, what in missing.items():
        if states.is_full():
            break
        on_passage(kept + written, len(wanted))
        _read(load_model(), what, previews)
        if digest not in states.passages():
            raise StoreError(f"the states cannot be kept in {states.folder}", "free some room or check its rights")
        written += 1
    return WarmReport(written, kept, len(missing) - written, time.perf_counter() - start)


def forget_states(folder: Path, store: Store) -> None:
    """Delete the states of passages that the store no longer has; the texts are not looked at where there are none."""
    delete_states(folder, _names(store))


def _names(store: Store) -> Iterator[bytes]:
    yield from map(passage_name, store.texts())
    yield from map(look_name, store.pictures())


def _named(store: Store, *, looks: bool) -> Iterator[tuple[bytes, str | Passage]]:
    """What may be read, by what its state is named after: texts, and pictures if the model looks at them."""
    for text in store.texts("text" if looks else None):
        yield passage_name(text), text
    for passage in store.pictures() if looks else ():
        yield look_name(passage), passage


def _read(model: LanguageModel, what: str | Passage, previews: Previews | None) -> None:
    """The model keeps what it has read before a question; there is none."""
    maker = prompt_maker(model)
    if isinstance(what, str):
        prompts = [maker.with_texts([what], "")]
    else:
        prompts = [maker.with_passages([what], "", images_of(model, [what], previews) if previews else {})]
    with model.reserve(prompts, 0, 0, Stop()) as reader, reader.read(prompts):
        pass
