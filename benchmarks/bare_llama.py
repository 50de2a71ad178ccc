"""The bound of `decoding.py`: nothing but llama.cpp's C interface, one token for each sequence a batch."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import llama_cpp

from quoth.generators import Prompt

CELLS, BATCH = 8192, 2048


class BareLlama:
    """A context of `members` sequences, made with the parameters that Quoth uses."""

    def __init__(self, path: Path, threads: int, members: int, cells: int = CELLS) -> None:
        self._model = llama_cpp.llama_model_load_from_file(os.fsencode(path), llama_cpp.llama_model_default_params())
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_seq_max = cells, BATCH, members
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = params.swa_full = params.no_perf = True
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            raise SystemExit("llama.cpp made no context")
        self._batch = llama_cpp.llama_batch_init(BATCH, 0, 1)
        self._lengths: list[int] = []

    def close(self) -> None:
        """Give the memory back."""
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def read(self, prompts: Sequence[Prompt]) -> None:
        """Forget what was, and read one prompt into each sequence; the first segment, common to all, once."""
        memory = llama_cpp.llama_get_memory(self._context)
        llama_cpp.llama_memory_clear(memory, True)
        head = prompts[0].segments[0]
        self._decode([(0, i, token) for i, token in enumerate(head)])
        for sequence in range(1, len(prompts)):
            llama_cpp.llama_memory_seq_cp(memory, 0, sequence, 0, len(head))
        for sequence, prompt in enumerate(prompts):
            rest = [token for segment in prompt.segments[1:] for token in segment]
            self._decode([(sequence, len(head) + i, token) for i, token in enumerate(rest)])
        self._lengths = [len(prompt) for prompt in prompts]

    def timed_step(self, tokens: Sequence[int]) -> float:
        """Seconds of one batch: a token for each sequence, and the logits after it."""
        start = time.perf_counter()
        self._decode([(i, self._lengths[i], token) for i, token in enumerate(tokens)], outputs=len(tokens))
        llama_cpp.llama_get_logits(self._context)
        seconds = time.perf_counter() - start
        self._lengths = [length + 1 for length in self._lengths]
        return seconds

    def _decode(self, entries: Sequence[tuple[int, int, int]], outputs: int = 1) -> None:
        """Sequence, position and token of each entry; the last `outputs` give logits."""
        batch = self._batch
        batch.n_tokens = len(entries)
        for i, (sequence, position, token) in enumerate(entries):
            batch.token[i], batch.pos[i] = token, position
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, sequence
            batch.logits[i] = i >= len(entries) - outputs
        if status := llama_cpp.llama_decode(self._context, batch):
            raise SystemExit(f"llama_decode failed: {status}")
