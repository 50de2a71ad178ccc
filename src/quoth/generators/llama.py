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

from quoth.errors import ModelError
from quoth.generators.base import Prompt
from quoth.generators.llama_context import Context, Entry, entries
from quoth.generators.llama_reading import LlamaReading
from quoth.generators.llama_vocabulary import Vocabulary
from quoth.generators.states import StateCache, Tokens
from quoth.types import LogProbs

CELLS = 8192
# Room for what follows the prompts: answers, and hypotheses while they are scored.
MARGIN = 2048
MAX_HEADS = 4

Scores = NDArray[np.float32]


@llama_cpp.llama_log_callback
def _be_quiet(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
    """llama.cpp logs hundreds of lines to stderr; its errors come back as statuses."""


class LlamaModel:
    """A GGUF model; see `quoth.generators.base.LanguageModel`."""

    def __init__(self, path: Path, threads: int = 0, state_bytes: int = 512 << 20) -> None:
        """Load the model.

        Args:
            path: the GGUF file.
            threads: 0 measures which number is fastest on this machine now.
            state_bytes: the memory for passage states.

        Raises:
            ModelError: llama.cpp cannot load the file.
        """
        llama_cpp.llama_log_set(_be_quiet, ctypes.c_void_p())
        llama_cpp.llama_backend_init()
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(path), llama_cpp.llama_model_default_params())
        if not self._model:
            raise ModelError(f"llama.cpp cannot load {path}", "it must be a whole GGUF file of a known architecture")
        vocabulary = Vocabulary(self._model)
        self.name = vocabulary.name() or path.stem
        self.begin = vocabulary.begin
        self.ends = vocabulary.ends
        self.tokenize = vocabulary.tokenize
        self.detokenize = vocabulary.detokenize
        self.chat = vocabulary.chat
        self.states = StateCache(state_bytes)
        self._open_context(CELLS, threads or os.cpu_count() or 1)
        self.threads = threads or self._fastest_threads()
        self._context.set_threads(self.threads)

    def close(self) -> None:
        """Give the memory back."""
        self._context.close()
        llama_cpp.llama_model_free(self._model)

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
        except ModelError:
            for sequence in sequences:
                self._context.release(sequence)
            raise

    def _read_tails(self, prompts: Sequence[Prompt], sequences: Sequence[int]) -> tuple[LogProbs, list[Scores]]:
        """The last segments, all in one batch: what may follow, (k, V), and how likely their tokens were."""
        batch: list[Entry] = []
        targets: list[int | None] = []
        for prompt, sequence in zip(prompts, sequences, strict=True):
            tail = prompt.segments[-1]
            batch += entries(sequence, len(prompt) - len(tail), tail, outputs=len(tail))
            targets += [*tail[1:], None]
        after, scores = self._context.read(batch, targets)
        lengths = [len(prompt.segments[-1]) - 1 for prompt in prompts]
        return after, np.split(scores, np.cumsum(lengths)[:-1])

    def _read_bodies(self, prompts: Sequence[Prompt], sequences: Sequence[int]) -> None:
        """Everything but the last segments.

        Every state is loaded, a fresh one too: the last digits of what a quantised model computes depend on the
        batch and on where in memory the cells lie, and an answer must not depend on what was asked before it.
        """
        bodies = [_body(prompt) for prompt in prompts]
        heads = {body: prompt.segments[0] for body, prompt in zip(bodies, prompts, strict=True)}
        states = {body: self._state(heads[body], body) for body in heads if body not in ((), heads[body])}
        for body, sequence in zip(bodies, sequences, strict=True):
            if body in states:
                self._context.load(sequence, states[body])
            else:
                self._share_head(body, sequence)

    def _state(self, head: Tokens, body: Tokens) -> bytes:
        """The state after `body`, which begins with `head`: the kept one, or read now and kept."""
        state = self.states.get(body)
        if state is None:
            [scratch] = self._context.acquire(1)
            try:
                self._share_head(head, scratch)
                self._context.decode(entries(scratch, len(head), body[len(head) :]))
                state = self._context.save(scratch)
            finally:
                self._context.release(scratch)
            self.states.put(body, state)
        return state

    def _share_head(self, head: Tokens, sequence: int) -> None:
        """Let `sequence` begin with `head`, which is read once and stays in the context."""
        if not head:
            return
        if head not in self._heads:
            if len(self._heads) == MAX_HEADS:
                self._context.release(self._heads.pop(next(iter(self._heads))))
            [held] = self._context.acquire(1)
            try:
                self._context.decode(entries(held, 0, head))
            except ModelError:
                self._context.release(held)
                raise
            self._heads[head] = held
        self._context.copy(self._heads[head], sequence, len(head))

    def _open_context(self, cells: int, threads: int) -> None:
        self._context = Context(self._model, cells, threads)
        self._heads: dict[Tokens, int] = {}

    def _make_room(self, prompts: Sequence[Prompt]) -> None:
        """Check the lengths, and take a larger context if these prompts need one."""
        trained = llama_cpp.llama_model_n_ctx_train(self._model)
        longest = max(map(len, prompts))
        if longest > trained:
            raise ModelError(f"a prompt of {longest} tokens, the model reads {trained}", "ask a shorter question")
        wanted = sum(map(len, prompts)) + MARGIN
        if wanted > self._context.cells and self._context.idle(len(self._heads)):
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


def _body(prompt: Prompt) -> Tokens:
    return tuple(token for segment in prompt.segments[:-1] for token in segment)
