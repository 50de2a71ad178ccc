"""The llama.cpp generator: any GGUF model, on any processor, through `llama-cpp-python`."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Sequence
from pathlib import Path

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from quoth.errors import TooLongError
from quoth.generators.base import Prompt
from quoth.generators.llama_context import Context, Entry, Weights, entries
from quoth.generators.llama_reading import LlamaReading
from quoth.generators.llama_vocabulary import Vocabulary
from quoth.generators.state_folder import StateFolder
from quoth.generators.states import StateCache, Tokens
from quoth.types import LogProbs, StateType

CELLS = 8192
# Room for what follows the prompts: answers, and hypotheses while they are scored.
MARGIN = 2048
# Instructions of which the state stays in memory, whatever the room for those of passages.
MAX_HEADS = 4

Scores = NDArray[np.float32]


@llama_cpp.llama_log_callback
def _be_quiet(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
    """llama.cpp logs hundreds of lines to stderr; its errors come back as statuses."""


class LlamaModel:
    """A GGUF model; see `quoth.generators.base.LanguageModel`."""

    def __init__(
        self,
        path: Path,
        threads: int = 0,
        state_bytes: int = 512 << 20,
        state_folder: StateFolder | None = None,
        state_type: StateType = "f16",
    ) -> None:
        """Load the model.

        Args:
            path: the GGUF file.
            threads: 0 measures which number is fastest on this machine now.
            state_bytes: the memory for passage states.
            state_folder: where they are kept when the process ends.
            state_type: the numbers of the key/value cells; "q8" takes half the room.

        Raises:
            ModelError: llama.cpp cannot load the file.
        """
        llama_cpp.llama_log_set(_be_quiet, ctypes.c_void_p())
        llama_cpp.llama_backend_init()
        self._weights = Weights(path)
        vocabulary = Vocabulary(self._weights)
        self.name = vocabulary.name() or path.stem
        self.begin = vocabulary.begin
        self.ends = vocabulary.ends
        self.tokenize = vocabulary.tokenize
        self.detokenize = vocabulary.detokenize
        self.chat = vocabulary.chat
        self.states = StateCache(state_bytes)
        self.state_folder = state_folder
        self._state_type = state_type
        self._heads: dict[Tokens, bytes] = {}
        self._open_context(CELLS, threads or os.cpu_count() or 1)
        self.threads = threads or self._fastest_threads()
        self._context.set_threads(self.threads)

    def close(self) -> None:
        """Give the memory back now; a model that nothing uses any more gives it back by itself."""
        self._context.close()
        self._weights.close()

    def read(self, prompts: Sequence[Prompt]) -> LlamaReading:
        """Read k prompts at once; shared segments once, kept states not at all.

        Raises:
            ModelError: the prompts do not fit the model's context, or are too many.
        """
        self._make_room(prompts)
        sequences = self._context.acquire(len(prompts))
        try:
            self._read_bodies(prompts, sequences)
            after, tails = self._read_tails(prompts, sequences)
            return LlamaReading(self._context, sequences, [len(p) for p in prompts], after, tails)
        except BaseException:  # Ctrl-C too: a conversation goes on after it
            for sequence in sequences:
                self._context.release(sequence)
            raise

    def _read_tails(self, prompts: Sequence[Prompt], sequences: Sequence[int]) -> tuple[LogProbs, list[Scores]]:
        """The last segments, all in one batch: what may follow, (k, V), and how likely their tokens were."""
        batch: list[Entry] = []
        targets: list[int | None] = []
        for prompt, sequence in zip(prompts, sequences, strict=True):
            tail, start = prompt.segments[-1], len(prompt) - len(prompt.segments[-1])
            # What comes before a token says how likely it is; what comes last says what may follow.
            heard = {i - 1 for i in prompt.asked} | {len(tail) - 1}
            batch += [Entry(sequence, start + i, token, i in heard) for i, token in enumerate(tail)]
            targets += [*(tail[i] for i in prompt.asked), None]
        after, scores = self._context.read(batch, targets)
        lengths = [len(prompt.asked) for prompt in prompts]
        return after, np.split(scores, np.cumsum(lengths)[:-1])

    def _read_bodies(self, prompts: Sequence[Prompt], sequences: Sequence[int]) -> None:
        """Everything but the last segments: the passages' own cells, behind the instructions' shared ones.

        Every state is loaded, a fresh one too, and the instructions first, at every reading: the last digits of
        what a quantised model computes depend on the batch and on the order of the cells in memory, and an answer
        must not depend on what was asked before it.
        """
        pairs = [_head_and_passage(prompt) for prompt in prompts]
        heads = {head: self._head_state(head) for head, _ in pairs if head}
        # On disk: single passages. Several together are another question's only by chance.
        is_single = {pair: len(prompt.segments) <= 3 for pair, prompt in zip(pairs, prompts, strict=True)}
        states = {pair: self._passage_state(*pair, single) for pair, single in is_single.items() if pair[1]}
        carriers = dict(zip(heads, self._context.acquire(len(heads)), strict=True))
        try:
            for head, carrier in carriers.items():
                self._context.load(carrier, heads[head])
            for (head, passage), sequence in zip(pairs, sequences, strict=True):
                if passage:
                    self._context.load(sequence, states[head, passage])
                if head:
                    self._context.copy(carriers[head], sequence, len(head))
        finally:
            for carrier in carriers.values():
                self._context.release(carrier)

    def _passage_state(self, head: Tokens, passage: Tokens, is_single: bool) -> bytes:
        """The cells of `passage`, read after `head` and without those of `head`."""
        state = self.states.get((head, passage))
        folder = self.state_folder if is_single else None
        if state is None:
            state = self._find_or_read(head, passage, folder, self.detokenize(passage))
            self.states.put((head, passage), state)
        elif folder:
            folder.keep(self.detokenize(passage), head + passage, state)
        return state

    def _head_state(self, head: Tokens) -> bytes:
        """The cells of `head`, the instructions; they have a place of their own in memory, and on disk no passage."""
        state = self._heads.pop(head, None) or self._find_or_read((), head, self.state_folder, b"")
        if len(self._heads) == MAX_HEADS:
            del self._heads[next(iter(self._heads))]
        self._heads[head] = state
        return state

    def _find_or_read(self, head: Tokens, tokens: Tokens, folder: StateFolder | None, text: bytes) -> bytes:
        """The state of `tokens` after `head`: the one on disk, or read now and kept there."""
        state = folder.get(text, head + tokens) if folder else None
        if state is None:
            state = self._read_state(head, tokens)
            if folder:
                folder.put(text, head + tokens, state)
        return state

    def _read_state(self, head: Tokens, tokens: Tokens) -> bytes:
        [scratch] = self._context.acquire(1)
        try:
            if head:
                self._context.load(scratch, self._head_state(head))
            self._context.decode(entries(scratch, len(head), tokens))
            self._context.forget(scratch, len(head))
            return self._context.save(scratch)
        finally:
            self._context.release(scratch)

    def _open_context(self, cells: int, threads: int) -> None:
        self._context = Context(self._weights, cells, threads, self._state_type)

    def _make_room(self, prompts: Sequence[Prompt]) -> None:
        """Check the lengths, and take a larger context if these prompts need one."""
        trained = llama_cpp.llama_model_n_ctx_train(self._weights.pointer)
        longest = max(map(len, prompts))
        if longest > trained:
            raise TooLongError(f"a prompt of {longest} tokens, the model reads {trained}", "ask a shorter question")
        wanted = sum(map(len, prompts)) + MARGIN
        if wanted > self._context.cells and self._context.is_idle():
            old = self._context
            self._open_context(1 << (wanted - 1).bit_length(), self.threads)
            old.close()

    def _fastest_threads(self) -> int:
        """The number of threads with the shortest step, among all cores, one fewer, and half of them.

        llama.cpp's threads spin while they wait: on a busy machine all cores can be ten times slower.
        """
        cores = os.cpu_count() or 1
        candidates = sorted({cores, max(1, cores - 1), max(1, cores // 2)}, reverse=True)
        return min(candidates, key=self._step_seconds) if len(candidates) > 1 else cores

    def _step_seconds(self, threads: int) -> float:
        """The median of a few steps of four sequences."""
        self._context.set_threads(threads)
        sequences = self._context.acquire(4)
        seconds = []
        for position in range(4):
            start = time.perf_counter()
            self._context.decode([Entry(s, position, 1, output=True) for s in sequences])
            seconds.append(time.perf_counter() - start)
        for sequence in sequences:
            self._context.release(sequence)
        return sorted(seconds[1:])[1]


def _head_and_passage(prompt: Prompt) -> tuple[Tokens, Tokens]:
    """The first segment, which many prompts share, and what stands between it and the last one."""
    head, *between = prompt.segments[:-1] or ((),)
    return head, tuple(token for segment in between for token in segment)
