"""Passage states in step with the passages: `warm_states` computes, `forget_states` deletes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from quoth.errors import StoreError
from quoth.generators import LanguageModel, StateFolder, Stop, delete_states, passage_digest
from quoth.rag.prompt import passage_text, prompt_maker
from quoth.store import Store
from quoth.types import WarmReport


def warm_states(
    store: Store,
    states: StateFolder,
    load_model: Callable[[], LanguageModel],
    on_passage: Callable[[int, int], None],
) -> WarmReport:
    """Compute the state of every passage that has none, until the disk bound is reached.

    It may be stopped at any moment and called again: what was computed is kept. The model is loaded if there is
    something to do.

    Args:
        store: whose passages are meant.
        states: where the model keeps its states.
        load_model: gives the model.
        on_passage: is told how many passages have their state, and how many there are.

    Raises:
        StoreError: the states cannot be written.
        ModelError: the model cannot be loaded.
    """
    start = time.perf_counter()
    wanted = {passage_digest(passage_text(text).encode("utf-8", "replace")): text for text in store.texts()}
    states.renew(wanted.keys())
    there = states.passages()
    missing = {digest: text for digest, text in wanted.items() if digest not in there}
    kept, written = len(wanted) - len(missing), 0
    for digest, text in missing.items():
        if states.is_full():
            break
        on_passage(kept + written, len(wanted))
        _read(load_model(), text)
        if digest not in states.passages():
            raise StoreError(f"the states cannot be kept in {states.folder}", "free some room or check its rights")
        written += 1
    return WarmReport(written, kept, len(missing) - written, time.perf_counter() - start)


def forget_states(folder: Path, store: Store) -> None:
    """Delete the states of passages that the store no longer has; the texts are not looked at where there are none."""
    delete_states(folder, (passage_text(text).encode("utf-8", "replace") for text in store.texts()))


def _read(model: LanguageModel, text: str) -> None:
    """The model keeps what it has read before a question; there is none."""
    prompts = [prompt_maker(model).with_texts([text], "")]
    with model.reserve(prompts, 0, 0, Stop()) as reader, reader.read(prompts):
        pass
