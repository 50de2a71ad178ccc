"""What stands before the last segment of a prompt: instructions and passages, from states that are kept or read now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from quoth.generators.base import Image, Prompt
from quoth.generators.llama_batches import entries
from quoth.generators.llama_pictures import Projector
from quoth.generators.llama_share import Share
from quoth.generators.state_folder import StateFolder, picture_name
from quoth.generators.states import StateCache, Tokens

# Instructions of which the state stays in memory, whatever the room for those of passages.
MAX_HEADS = 4

Images = Mapping[int, Image]
"""Pictures by their placeholders."""


class Bodies:
    """The states of one model: in memory, and on disk if it has a folder. Any number of threads may use them."""

    def __init__(
        self,
        cache: StateCache,
        folder: StateFolder | None,
        spell: Callable[[Sequence[int]], bytes],
        eyes: Projector | None = None,
    ) -> None:
        """Begin with what is there.

        Args:
            cache: those of passages.
            folder: where they are kept when the process ends.
            spell: the text of tokens.
            eyes: what looks at pictures, for a model that can.
        """
        self.cache = cache
        self.folder = folder
        self.heads: dict[Tokens, bytes] = {}
        self._spell = spell
        self._eyes = eyes
        self._flights = _Flights()

    def put(self, share: Share, prompts: Sequence[Prompt], sequences: Sequence[int]) -> None:
        """Everything but the last segments: the passages' own cells, behind the instructions' shared ones.

        Every state is loaded, a fresh one too, and the instructions first, at every reading: the last digits of
        what a quantised model computes depend on the batch and on the order of the cells in memory, and an answer
        must not depend on what was asked before it.
        """
        pairs = [_head_and_passage(prompt) for prompt in prompts]
        images = {image.number: image for prompt in prompts for image in prompt.images}
        heads = {head: self._head_state(share, head) for head, _ in pairs if head}
        # On disk: single passages. Several together are another question's only by chance.
        is_single = {pair: len(prompt.segments) <= 3 for pair, prompt in zip(pairs, prompts, strict=True)}
        states = {pair: self._passage_state(share, *pair, one, images) for pair, one in is_single.items() if pair[1]}
        carriers = dict(zip(heads, share.acquire(len(heads)), strict=True))
        try:
            bodies = [(sequence, states[pair]) for pair, sequence in zip(pairs, sequences, strict=True) if pair[1]]
            share.load([*((carriers[head], state) for head, state in heads.items()), *bodies])
            behind = [(head, sequence) for (head, _), sequence in zip(pairs, sequences, strict=True) if head]
            share.copy([(carriers[head], sequence, len(head)) for head, sequence in behind])
        finally:
            share.release(list(carriers.values()))

    def _passage_state(self, share: Share, head: Tokens, passage: Tokens, is_single: bool, images: Images) -> bytes:
        """The cells of `passage`, read after `head` and without those of `head`."""
        folder = self.folder if is_single else None
        with self._flights.alone((head, passage)):
            state = self.cache.get((head, passage))
            if state is None:
                state = self._find_or_read(share, head, passage, folder, self._name(passage, images), images)
                self.cache.put((head, passage), state)
            elif folder:
                folder.keep(self._name(passage, images), head + passage, state)
            return state

    def _name(self, passage: Tokens, images: Images) -> bytes:
        """A passage as its state is named: its text, and the pictures in it."""
        shown = dict.fromkeys(images[token].digest for token in passage if token < 0)
        return picture_name(self._spell([token for token in passage if token >= 0]), *shown)

    def _head_state(self, share: Share, head: Tokens) -> bytes:
        """The cells of `head`, the instructions; they have a place of their own in memory, and on disk no passage."""
        with self._flights.alone(head):
            state = self.heads.get(head) or self._find_or_read(share, (), head, self.folder, b"", {})
            self._keep_head(head, state)
            return state

    def _keep_head(self, head: Tokens, state: bytes) -> None:
        with self._flights.lock:
            self.heads.pop(head, None)
            if len(self.heads) == MAX_HEADS:
                del self.heads[next(iter(self.heads))]
            self.heads[head] = state

    def _find_or_read(
        self, share: Share, head: Tokens, tokens: Tokens, folder: StateFolder | None, text: bytes, images: Images
    ) -> bytes:
        """The state of `tokens` after `head`: the one on disk, or read now and kept there."""
        state = folder.get(text, head + tokens) if folder else None
        if state is None:
            state = self._read(share, head, tokens, images)
            if folder:
                folder.put(text, head + tokens, state)
        return state

    def _read(self, share: Share, head: Tokens, tokens: Tokens, images: Images) -> bytes:
        [scratch] = share.acquire(1)
        try:
            if head:
                share.load([(scratch, self._head_state(share, head))])
            self._read_pieces(share, scratch, len(head), tokens, images)
            return share.save(scratch, len(head))
        finally:
            share.release([scratch])

    def _read_pieces(self, share: Share, sequence: int, start: int, tokens: Tokens, images: Images) -> None:
        """Tokens, and pictures where their placeholders stand."""
        while tokens:
            image = images.get(tokens[0])
            if image and self._eyes:
                self._eyes.read(share, sequence, start, image)
                read = image.positions
            else:
                read = next((i for i, token in enumerate(tokens) if token < 0), len(tokens))
                share.decode(entries(sequence, start, tokens[:read]))
            start, tokens = start + read, tokens[read:]


class _Flights:
    """What is being made: who wants the same waits for it instead of making it too."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._flights: dict[Hashable, tuple[threading.Lock, int]] = {}

    @contextmanager
    def alone(self, key: Hashable) -> Iterator[None]:
        """One thread at a time for each key."""
        with self.lock:
            flight, users = self._flights.get(key, (threading.Lock(), 0))
            self._flights[key] = (flight, users + 1)
        try:
            with flight:
                yield
        finally:
            with self.lock:
                users = self._flights.pop(key)[1] - 1
                if users:
                    self._flights[key] = (flight, users)


def _head_and_passage(prompt: Prompt) -> tuple[Tokens, Tokens]:
    """The first segment, which many prompts share, and what stands between it and the last one."""
    head, *between = prompt.segments[:-1] or ((),)
    return head, tuple(token for segment in between for token in segment)
