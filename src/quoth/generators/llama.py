"""The llama.cpp generator: any GGUF model, on any processor, through `llama-cpp-python`."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from quoth.errors import TooLongError
from quoth.generators.base import Image, Prompt, Reader, Stop
from quoth.generators.llama_admission import Admission
from quoth.generators.llama_batches import Entry
from quoth.generators.llama_bodies import Bodies
from quoth.generators.llama_context import FEW_CELLS, Context, Weights, be_quiet
from quoth.generators.llama_need import need_of, picture_cells
from quoth.generators.llama_pictures import Projector
from quoth.generators.llama_reading import LlamaReading
from quoth.generators.llama_share import Share
from quoth.generators.llama_vocabulary import Vocabulary
from quoth.generators.state_folder import StateFolder
from quoth.generators.states import StateCache
from quoth.types import LogProbs, StateType

# Room for what follows the prompts of who reserves none: answers, and hypotheses while they are scored.
MARGIN = 2048

Scores = NDArray[np.float32]


class LlamaModel:
    """A GGUF model; see `quoth.generators.base.LanguageModel`.

    Any number of threads may use it, each with readings of its own: what they decode at the same time is decoded
    together. A question that runs alone gives the same numbers to the bit each time; beside others, which change the
    shape of its batches, a quantised model's last digits move (docs/decisions.md).
    """

    def __init__(
        self,
        path: Path,
        threads: int = 0,
        state_bytes: int = 512 << 20,
        state_folder: StateFolder | None = None,
        state_type: StateType = "f16",
        projector: Path | None = None,
    ) -> None:
        """Load the model.

        Args:
            path: the GGUF file.
            threads: 0 measures which number is fastest on this machine now.
            state_bytes: the memory for passage states.
            state_folder: where they are kept when the process ends.
            state_type: the numbers of the key/value cells; "q8" takes half the room.
            projector: the mmproj file with which the model looks at pictures.

        Raises:
            ModelError: llama.cpp cannot load a file.
        """
        llama_cpp.llama_log_set(be_quiet, ctypes.c_void_p())
        llama_cpp.llama_backend_init()
        self._weights = Weights(path)
        vocabulary = Vocabulary(self._weights)
        self.name = vocabulary.name() or path.stem
        self.begin = vocabulary.begin
        self.ends = vocabulary.ends
        self.tokenize = vocabulary.tokenize
        self.detokenize = vocabulary.detokenize
        self.chat = vocabulary.chat
        self.threads = threads or os.cpu_count() or 1
        self.admission = Admission(Context(self._weights, FEW_CELLS, self.threads, state_type))
        self._projector: Projector | None = None
        try:
            self.threads = threads or self._fastest_threads()
            self.admission.loop.context.set_threads(self.threads)
            self._projector = Projector(projector, self._weights, self.threads) if projector else None
        except BaseException:  # Ctrl-C too; who holds on to the error must not hold the memory
            self.close()
            raise
        # Nothing here refers back to the model: what nobody uses any more is freed at once.
        self.bodies = Bodies(StateCache(state_bytes), state_folder, vocabulary.detokenize, self._projector)

    def close(self) -> None:
        """Give the memory back now; a model that nothing uses any more gives it back by itself."""
        self.admission.loop.context.close()
        if self._projector:
            self._projector.close()
        self._weights.close()

    def show(self, digest: str, file: bytes) -> Image | None:
        """A picture to be put in prompts; None without a projector. Raises ModelError if it cannot be read."""
        return self._projector.show(digest, file) if self._projector else None

    @contextmanager
    def reserve(self, prompts: Sequence[Prompt], rows: int, tokens: int, stop: Stop, /) -> Iterator[Reader]:
        """Room for one question among others; see `quoth.generators.base.LanguageModel`."""
        self._check(prompts)
        with self.admission.share(need_of(prompts, rows, tokens), stop) as share:
            yield _Reserved(self, share)

    def read(self, prompts: Sequence[Prompt]) -> LlamaReading:
        """Read k prompts at once; shared segments once, kept states not at all.

        Raises:
            ModelError: the prompts do not fit the model's context, or are too many.
        """
        self._check(prompts)
        share, sequences = self.admission.visit(len(prompts), sum(map(len, prompts)) + picture_cells(prompts) + MARGIN)
        return self.read_into(share, sequences, prompts)

    def read_into(self, share: Share, sequences: Sequence[int], prompts: Sequence[Prompt]) -> LlamaReading:
        """Read k prompts into k sequences of a share, which are the reading's from now on."""
        try:
            with share.loop.working():
                self.bodies.put(share, prompts, sequences)
            after, tails = _read_tails(share, prompts, sequences)
        except BaseException:  # Ctrl-C too: a conversation goes on after it
            share.release(sequences)
            raise
        return LlamaReading(share, sequences, [len(p) for p in prompts], after, tails)

    def _check(self, prompts: Sequence[Prompt]) -> None:
        trained = llama_cpp.llama_model_n_ctx_train(self._weights.pointer)
        longest = max(map(len, prompts))
        if longest > trained:
            raise TooLongError(f"a prompt of {longest} tokens, the model reads {trained}", "ask a shorter question")

    def _fastest_threads(self) -> int:
        """The number of threads with the shortest step, among all cores, one fewer, and half of them.

        llama.cpp's threads spin while they wait: on a busy machine all cores can be ten times slower.
        """
        cores = os.cpu_count() or 1
        candidates = sorted({cores, max(1, cores - 1), max(1, cores // 2)}, reverse=True)
        return min(candidates, key=self._step_seconds) if len(candidates) > 1 else cores

    def _step_seconds(self, threads: int) -> float:
        """The median of a few steps of four sequences."""
        self.admission.loop.context.set_threads(threads)
        share, sequences = self.admission.visit(4, 0)
        seconds = []
        for position in range(4):
            start = time.perf_counter()
            share.decode([Entry(s, position, 1, output=True) for s in sequences])
            seconds.append(time.perf_counter() - start)
        share.release(sequences)
        return sorted(seconds[1:])[1]


class _Reserved:
    """Reads into a share of the model's context."""

    def __init__(self, model: LlamaModel, share: Share) -> None:
        self._model = model
        self._share = share

    def read(self, prompts: Sequence[Prompt]) -> LlamaReading:
        """See `quoth.generators.base.Reader`."""
        self._model._check(prompts)
        return self._model.read_into(self._share, self._share.acquire(len(prompts)), prompts)


def _read_tails(share: Share, prompts: Sequence[Prompt], sequences: Sequence[int]) -> tuple[LogProbs, list[Scores]]:
    """The last segments, all in one batch: what may follow, (k, V), and how likely their tokens were."""
    batch: list[Entry] = []
    targets: list[int | None] = []
    for prompt, sequence in zip(prompts, sequences, strict=True):
        tail, start = prompt.segments[-1], len(prompt) - len(prompt.segments[-1])
        # What comes before a token says how likely it is; what comes last says what may follow.
        heard = {i - 1 for i in prompt.asked} | {len(tail) - 1}
        batch += [Entry(sequence, start + i, token, i in heard) for i, token in enumerate(tail)]
        targets += [*(tail[i] for i in prompt.asked), None]
    after, scores = share.read(batch, targets)
    lengths = [len(prompt.asked) for prompt in prompts]
    return after, np.split(scores, np.cumsum(lengths)[:-1])
