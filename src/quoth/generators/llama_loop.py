"""One context for many threads: what they want decoded at the same time is decoded together.

There is no thread of its own and no polling: whoever waits when the context is free decodes for all who wait, and a
lone caller decodes for himself. What costs nothing (copies and ends of sequences) is noted and done between two
batches, so that nobody waits for a batch of others to fork or to release.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from quoth.errors import ModelError
from quoth.generators.llama_batches import BATCH, SHARED_BATCH, Entry, Part, Request, next_batch
from quoth.generators.llama_context import Context
from quoth.types import LogProbs

# How long a batch waits for those that were in the last one and still choose their next token, in seconds.
PATIENCE = 0.01


class Pool:
    """Sequences that are free."""

    def __init__(self, sequences: Sequence[int]) -> None:
        self._free = list(sequences)[::-1]
        self._lock = threading.Lock()
        self._all = tuple(sequences)
        self.size = len(sequences)

    @property
    def free(self) -> int:
        """How many more can be taken."""
        return len(self._free)

    @property
    def taken(self) -> list[int]:
        """Those that are in use."""
        return sorted(set(self._all) - set(self._free))

    def take(self, count: int) -> list[int]:
        """So many, all or none.

        Raises:
            ModelError: there are not so many.
        """
        with self._lock:
            if count > len(self._free):
                cause = f"{count} sequences are wanted and {len(self._free)} of {self.size} are free"
                raise ModelError(cause, "read fewer passages at once")
            return [self._free.pop() for _ in range(count)]

    def give(self, sequences: Sequence[int]) -> None:
        """Give them back; they are empty."""
        with self._lock:
            self._free += sequences


class DecodingLoop:
    """A context that any number of threads may use."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.pool = Pool(range(context.sequences))
        # How many questions are at work, and how many cells they may take together; whoever admits them says so.
        self.questions = self.promised = 0
        self.batches = 0
        self.tokens = 0
        # Rises with whatever is done; what others do outside meanwhile is counted, for it may take as long.
        self.progress = 0
        self._outside = 0
        self._turn = threading.Condition()
        self._busy = False
        self._visitors = 0
        self._changes: list[Callable[[], None]] = []
        self._waiting: list[Request] = []
        self._companions = 0
        self._free_since = 0.0

    def is_idle(self) -> bool:
        """Whether no sequences are in use."""
        return self.pool.free == self.pool.size

    def is_resting(self) -> bool:
        """Whether nothing is being decoded, nothing waits for it, and nobody works outside."""
        with self._turn:
            return not (self._busy or self._waiting or self._outside)

    @contextmanager
    def working(self) -> Iterator[None]:
        """Do something for a question that goes on: look at a picture, or wait for a state that another makes."""
        with self._turn:
            self._outside += 1
        try:
            yield
        finally:
            with self._turn:
                self._outside -= 1
                self.progress += 1

    def change(self, *changes: Callable[[], None]) -> None:
        """Do something that takes no time and cannot fail: now, or after the batch at work. The order is kept."""
        with self._turn:
            self._changes += changes
            if not self._busy:
                self._apply()

    @contextmanager
    def visit(self) -> Iterator[Context]:
        """The context, for this thread alone: waits for the batch at work, not for those behind it."""
        with self._turn:
            self._visitors += 1
            try:
                self._turn.wait_for(lambda: not self._busy)
            finally:
                self._visitors -= 1
            self._busy = True
        try:
            yield self.context
        finally:
            self._leave()

    def decode(self, batch: Sequence[Entry]) -> Iterator[LogProbs]:
        """Read the entries, beside those of others; (n, V) float32 logits of those that ask, in order, part by part.

        Raises:
            ModelError: the cells are used up, or the runtime failed.
        """
        rest = batch
        while rest:
            request = Request(rest)
            self._read(request)
            if request.error:
                raise request.error
            rest = request.rest
            if request.logits is not None and len(request.logits):
                yield request.logits

    def _read(self, request: Request) -> None:
        """Wait until some of it was read, by this thread or by another."""
        with self._turn:
            self._waiting.append(request)
        try:
            while parts := self._next(request):
                self._decode(parts)
        finally:
            with self._turn:
                if request in self._waiting:
                    self._waiting.remove(request)

    def _next(self, request: Request) -> list[Part]:
        """The batch that this thread decodes, for itself or for others; none if its own is there."""
        with self._turn:
            while not request.is_done:
                patience = self._patience()
                if patience is not None and patience <= 0:
                    return self._begin()
                self._turn.wait(patience)
        return []

    def _patience(self) -> float | None:
        """In how many seconds a batch may begin; None is when somebody says so."""
        if self._busy or self._visitors:
            return None
        if len(self._waiting) >= min(self._companions, self.questions):
            return 0
        return self._free_since + PATIENCE - time.monotonic()

    def _begin(self) -> list[Part]:
        parts = next_batch(self._waiting, SHARED_BATCH if self.questions > 1 else BATCH)
        begun = [request for request, _ in parts]
        self._waiting = [request for request in self._waiting if request not in begun]
        self._companions = len(parts)
        self._busy = True
        return parts

    def _decode(self, parts: Sequence[Part]) -> None:
        try:
            self._decode_together(parts)
        finally:
            for request, _ in parts:
                if not request.is_done:
                    request.error = ModelError("the batch was broken off", "ask again")
            self._leave()

    def _decode_together(self, parts: Sequence[Part]) -> None:
        """All in one batch; if that fails, each alone: who does not fit learns it, and nobody else."""
        try:
            logits = self.context.decode([entry for _, part in parts for entry in part])
        except ModelError as error:
            if len(parts) == 1:
                parts[0][0].error = error
            else:
                for one in parts:
                    self._decode_together([one])
            return
        self.batches += 1
        self.tokens += sum(len(part) for _, part in parts)
        start = 0
        for request, part in parts:
            end = start + sum(entry.output for entry in part)
            request.rest = request.rest[len(part) :]
            request.logits = logits[start:end]
            start = end

    def _leave(self) -> None:
        with self._turn:
            self._busy = False
            self.progress += 1
            self._free_since = time.monotonic()
            self._apply()
            self._turn.notify_all()

    def _apply(self) -> None:
        for change in self._changes:
            change()
        self._changes.clear()
