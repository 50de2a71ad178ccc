"""llama.cpp's context through its C interface: cells, sequences, batches, states.

The only file that touches pointers. A context holds the key/value cells of many sequences; the cells of
a common prefix are shared (`kv_unified`), and the layers with a sliding window keep all their cells
(`swa_full`), without which states could be neither copied nor kept. Cells in 8 bits need flash attention.
"""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np

from quoth.errors import ModelError
from quoth.generators.llama_batches import BATCH, Entry
from quoth.types import LogProbs, StateType

# A context for one question, and one for several or for many passages: the runtime can have no more sequences.
FEW_CELLS, FEW_SEQUENCES = 8192, 64
MANY_CELLS, MANY_SEQUENCES = 16384, 256
_NO_SLOT = 1
_CELL_TYPES: dict[StateType, int] = {"f16": llama_cpp.GGML_TYPE_F16, "q8": llama_cpp.GGML_TYPE_Q8_0}


@llama_cpp.llama_log_callback
def be_quiet(_level: int, _text: bytes, _data: ctypes.c_void_p) -> None:
    """llama.cpp logs hundreds of lines to stderr; its errors come back as statuses."""


class Weights:
    """A GGUF file in memory, until it is closed or nothing uses it any more."""

    def __init__(self, path: Path) -> None:
        """Load it.

        Raises:
            ModelError: llama.cpp cannot.
        """
        self.pointer = llama_cpp.llama_model_load_from_file(os.fsencode(path), llama_cpp.llama_model_default_params())
        if not self.pointer:
            raise ModelError(f"llama.cpp cannot load {path}", "it must be a whole GGUF file of a known architecture")
        self.close = weakref.finalize(self, llama_cpp.llama_model_free, self.pointer)


class Context:
    """Sequences of one model. One thread at a time may use it: `llama_loop` sees to that.

    It is freed when it is closed or nothing uses it any more, and before its weights, whoever finds both unused.
    """

    def __init__(self, weights: Weights, cells: int, threads: int, state_type: StateType = "f16") -> None:
        """Make it.

        Raises:
            ModelError: there is not enough memory.
        """
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = cells
        params.n_batch = params.n_ubatch = BATCH
        params.n_seq_max = FEW_SEQUENCES if cells <= FEW_CELLS else MANY_SEQUENCES
        params.n_outputs_max = params.n_outputs_max_per_seq = params.n_seq_max
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = params.swa_full = params.no_perf = True
        params.type_k = params.type_v = _CELL_TYPES[state_type]
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        self._weights, self._threads, self._state_type = weights, threads, state_type
        model = weights.pointer
        self._context = llama_cpp.llama_init_from_model(model, params)
        if not self._context:
            raise ModelError(f"no context of {cells} tokens could be made", "free memory or use a smaller model")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(BATCH, 0, 1)
        self.vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
        self.sequences = int(params.n_seq_max)
        self.cells = cells
        self.close = weakref.finalize(self, _free, self._context, self._batch, weights)

    @property
    def pointer(self) -> Any:  # noqa: ANN401 - llama_cpp has no types
        """The runtime's own context, for a library that reads into it."""
        return self._context

    def larger(self, cells: int) -> Context:
        """Another one, like this, of so many cells. Raises ModelError if there is not enough memory."""
        return Context(self._weights, cells, self._threads, self._state_type)

    def set_threads(self, threads: int) -> None:
        """Use this many threads from the next batch on."""
        self._threads = threads
        llama_cpp.llama_set_n_threads(self._context, threads, threads)

    def truncate(self, sequence: int, length: int) -> None:
        """Forget the tokens of a sequence from position `length` on."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, length, -1)

    def forget(self, sequence: int, length: int) -> None:
        """Forget the first `length` tokens of a sequence; the others keep their positions."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, 0, length)

    def copy(self, source: int, target: int, length: int) -> None:
        """Let `target`, without tokens there, share the first `length` cells of `source`: no memory, no time."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def save(self, sequence: int) -> bytes:
        """The state of a sequence: what `load` needs to have it back without reading."""
        size = llama_cpp.llama_state_seq_get_size(self._context, sequence)
        buffer = (ctypes.c_uint8 * size)()
        llama_cpp.llama_state_seq_get_data(self._context, buffer, size, sequence)
        return bytes(buffer)

    def load(self, sequence: int, state: bytes) -> None:
        """Put a saved state into an empty sequence.

        Raises:
            ModelError: there is no room for it.
        """
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        if not llama_cpp.llama_state_seq_set_data(self._context, buffer, len(state), sequence):
            raise self._full()

    def decode(self, batch: Sequence[Entry]) -> LogProbs:
        """Read at most `BATCH` entries; (outputs, V) float32 logits after each that asks, not normalised.

        Raises:
            ModelError: the cells are used up, and nothing was read; or the runtime failed.
        """
        self._fill(batch)
        status = llama_cpp.llama_decode(self._context, self._batch)
        if status == _NO_SLOT:
            raise self._full()
        if status:
            raise ModelError(f"llama.cpp could not decode (status {status})", "report this with your model's name")
        outputs = sum(entry.output for entry in batch)
        if not outputs:
            return np.empty((0, self.vocabulary), np.float32)
        pointer = llama_cpp.llama_get_logits(self._context)
        return np.ctypeslib.as_array(pointer, shape=(outputs, self.vocabulary)).copy()

    def _fill(self, entries: Sequence[Entry]) -> None:
        batch = self._batch
        batch.n_tokens = len(entries)
        for i, entry in enumerate(entries):
            batch.token[i] = entry.token
            batch.pos[i] = entry.position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = entry.sequence
            batch.logits[i] = entry.output

    def _full(self) -> ModelError:
        return ModelError(f"the context of {self.cells} tokens is full", "use fewer or shorter passages")


def _free(context: ctypes.c_void_p, batch: llama_cpp.llama_batch, _weights: Weights) -> None:
    """Whoever is to call this holds the weights until then."""
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
