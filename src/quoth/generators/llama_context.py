"""llama.cpp's context through its C interface: cells, sequences, batches, states.

The only file that touches pointers. A context holds the key/value cells of many sequences; the cells of
a common prefix are shared (`kv_unified`), and the layers with a sliding window keep all their cells
(`swa_full`), without which states could be neither copied nor kept. Cells in 8 bits need flash attention.
"""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from quoth.errors import ModelError
from quoth.types import LogProbs, StateType

# A context for a few passages, and one with more cells than that: 256 sequences are the most the runtime can have.
FEW_CELLS, FEW_SEQUENCES, MANY_SEQUENCES = 8192, 64, 256
BATCH = 2048
# Logits are a row of the whole vocabulary each (1 MB for Gemma); the runtime wants room for one a sequence.
MAX_OUTPUTS = FEW_SEQUENCES
_NO_SLOT = 1
_CELL_TYPES: dict[StateType, int] = {"f16": llama_cpp.GGML_TYPE_F16, "q8": llama_cpp.GGML_TYPE_Q8_0}


@dataclass(frozen=True, slots=True)
class Entry:
    """One token of a batch: it is put at `position` of `sequence`; `output` asks what comes next."""

    sequence: int
    position: int
    token: int
    output: bool = False


def entries(sequence: int, start: int, tokens: Sequence[int], outputs: int = 0) -> list[Entry]:
    """The tokens of one sequence from position `start`; the last `outputs` of them ask what comes next."""
    first = len(tokens) - outputs
    return [Entry(sequence, start + i, token, i >= first) for i, token in enumerate(tokens)]


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
    """Sequences of one model. Methods may be called from several threads, one at a time is served.

    It is freed when it is closed or nothing uses it any more; until then the weights stay.
    """

    def __init__(self, weights: Weights, cells: int, threads: int, state_type: StateType = "f16") -> None:
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = cells
        params.n_batch = BATCH
        params.n_seq_max = FEW_SEQUENCES if cells <= FEW_CELLS else MANY_SEQUENCES
        params.n_outputs_max = params.n_outputs_max_per_seq = params.n_seq_max
        params.n_threads = params.n_threads_batch = threads
        params.kv_unified = params.swa_full = params.no_perf = True
        params.type_k = params.type_v = _CELL_TYPES[state_type]
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
        self._weights, model = weights, weights.pointer
        self._context = llama_cpp.llama_init_from_model(model, params)
        if not self._context:
            raise ModelError(f"no context of {cells} tokens could be made", "free memory or use a smaller model")
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._batch = llama_cpp.llama_batch_init(BATCH, 0, 1)
        self._vocabulary = llama_cpp.llama_vocab_n_tokens(llama_cpp.llama_model_get_vocab(model))
        self._sequences = int(params.n_seq_max)
        self._free = list(range(self._sequences - 1, -1, -1))
        self._lock = threading.RLock()
        self.cells = cells
        self.close = weakref.finalize(self, _free, self._context, self._batch)

    def set_threads(self, threads: int) -> None:
        """Use this many threads from the next decode on."""
        llama_cpp.llama_set_n_threads(self._context, threads, threads)

    @property
    def free_sequences(self) -> int:
        """How many more sequences can be acquired."""
        return len(self._free)

    def is_idle(self) -> bool:
        """Whether no sequences are in use."""
        return len(self._free) == self._sequences

    def acquire(self, count: int) -> list[int]:
        """So many empty sequences, all or none.

        Raises:
            ModelError: there are not so many.
        """
        if count > len(self._free):
            cause = f"{count} sequences are wanted and {len(self._free)} of {self._sequences} are free"
            raise ModelError(cause, "read fewer passages at once")
        return [self._free.pop() for _ in range(count)]

    def release(self, sequence: int) -> None:
        """Empty a sequence and give it back."""
        self.truncate(sequence, 0)
        self._free.append(sequence)

    def truncate(self, sequence: int, length: int) -> None:
        """Forget the tokens of a sequence from position `length` on."""
        with self._lock:
            llama_cpp.llama_memory_seq_rm(self._memory, sequence, length, -1)

    def forget(self, sequence: int, length: int) -> None:
        """Forget the first `length` tokens of a sequence; the others keep their positions."""
        with self._lock:
            llama_cpp.llama_memory_seq_rm(self._memory, sequence, 0, length)

    def copy(self, source: int, target: int, length: int) -> None:
        """Let `target`, without tokens there, share the first `length` cells of `source`: no memory, no time."""
        with self._lock:
            llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, length)

    def save(self, sequence: int) -> bytes:
        """The state of a sequence: what `load` needs to have it back without reading."""
        with self._lock:
            size = llama_cpp.llama_state_seq_get_size(self._context, sequence)
            buffer = (ctypes.c_uint8 * size)()
            llama_cpp.llama_state_seq_get_data(self._context, buffer, size, sequence)
            return bytes(buffer)

    def load(self, sequence: int, state: bytes) -> None:
        """Put a saved state into an empty sequence.

        Raises:
            ModelError: there is no room for it.
        """
        with self._lock:
            buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
            if not llama_cpp.llama_state_seq_set_data(self._context, buffer, len(state), sequence):
                raise self._full()

    @contextmanager
    def lent(self) -> Iterator[ctypes.c_void_p]:
        """The runtime's own context, for a library that reads into it; nobody else is served meanwhile."""
        with self._lock:
            yield self._context

    def decode(self, batch: Sequence[Entry]) -> LogProbs:
        """Read the entries; (outputs, V) float32 log-probabilities of what follows each that asked.

        Raises:
            ModelError: the cells are used up, or the runtime failed.
        """
        return self.read(batch, [None] * sum(entry.output for entry in batch))[0]

    def score(self, batch: Sequence[Entry], targets: Sequence[int]) -> NDArray[np.float32]:
        """Read the entries; (outputs,) float32 log p of the token in `targets` for each that asked.

        Raises:
            ModelError: the cells are used up, or the runtime failed.
        """
        return self.read(batch, targets)[1]

    def read(self, batch: Sequence[Entry], targets: Sequence[int | None]) -> tuple[LogProbs, NDArray[np.float32]]:
        """Read the entries; `targets` names, for each that asked, a token to score, or None for all of them.

        Returns:
            (n, V) float32 log-probabilities for each None, (m,) float32 log p for each token.

        Raises:
            ModelError: the cells are used up, or the runtime failed.
        """
        kept, scores = [np.empty((0, self._vocabulary), np.float32)], []
        wanted = iter(targets)
        with self._lock:
            for rows in self._outputs(batch):
                for row, target in zip(rows, wanted, strict=False):
                    if target is None:
                        kept.append(row[None].copy())
                    else:
                        scores.append(row[target])
        return np.concatenate(kept), np.array(scores, np.float32)

    def _outputs(self, batch: Sequence[Entry]) -> Iterator[LogProbs]:
        """Read the entries, part by part; (n, V) normalised, good until the next part is read."""
        for part in _parts(batch):
            self._run(part)
            outputs = sum(entry.output for entry in part)
            if outputs:
                yield self._log_softmax(outputs)

    def _run(self, part: Sequence[Entry]) -> None:
        batch = self._batch
        batch.n_tokens = len(part)
        for i, entry in enumerate(part):
            batch.token[i] = entry.token
            batch.pos[i] = entry.position
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = entry.sequence
            batch.logits[i] = entry.output
        status = llama_cpp.llama_decode(self._context, batch)
        if status == _NO_SLOT:
            raise self._full()
        if status:
            raise ModelError(f"llama.cpp could not decode (status {status})", "report this with your model's name")

    def _log_softmax(self, outputs: int) -> LogProbs:
        """The logits of the last decode, normalised where they stand."""
        pointer = llama_cpp.llama_get_logits(self._context)
        rows = np.ctypeslib.as_array(pointer, shape=(outputs, self._vocabulary))
        rows -= rows.max(axis=1, keepdims=True)
        # float32 sums of 262,144 terms err by some 1e-6: numpy adds in pairs.
        for i in range(outputs):
            rows[i] -= np.log(np.exp(rows[i]).sum())
        return rows

    def _full(self) -> ModelError:
        return ModelError(f"the context of {self.cells} tokens is full", "use fewer or shorter passages")


def _parts(batch: Sequence[Entry]) -> list[Sequence[Entry]]:
    """Cut a batch where it is longer than one decode, or asks for more outputs than one decode."""
    parts, start, outputs = [], 0, 0
    for i, entry in enumerate(batch):
        outputs += entry.output
        if i - start == BATCH or outputs > MAX_OUTPUTS:
            parts.append(batch[start:i])
            start, outputs = i, int(entry.output)
    return [*parts, batch[start:]] if start < len(batch) else parts


def _free(context: ctypes.c_void_p, batch: llama_cpp.llama_batch) -> None:
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
