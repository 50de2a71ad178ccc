"""Many files at once: a parser's process for each core, working ahead of whoever takes the answers."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

from quoth.passages.isolation import Item, Parser, size
from quoth.passages.wire import Answer

# A process takes half a second to start: so many bytes are worth another one.
_WORTH = 64 << 20
# Answers that wait to be taken: a decoded picture has half a megabyte.
_AHEAD = 64


def parse_all(items: Sequence[Item]) -> Iterator[tuple[Item, Answer]]:
    """Every item with its document and passages, or with the error that kept it out; in order.

    Leaving the iteration early ends the processes.
    """
    processes = min(os.cpu_count() or 1, 1 + sum(map(size, items)) // _WORTH)
    idle: SimpleQueue[Parser] = SimpleQueue()

    def parse(item: Item) -> tuple[Item, Answer]:
        parser = idle.get()
        try:
            [answered] = parser.parse_many([item])
            return answered
        finally:
            idle.put(parser)

    with ExitStack() as stack:
        for _ in range(processes):
            idle.put(stack.enter_context(Parser()))
        pool = stack.enter_context(ThreadPoolExecutor(processes))
        stack.callback(pool.shutdown, wait=True, cancel_futures=True)
        yield from _in_order(lambda item: pool.submit(parse, item), items)


def _in_order(
    submit: Callable[[Item], Future[tuple[Item, Answer]]], items: Sequence[Item]
) -> Iterator[tuple[Item, Answer]]:
    waiting: deque[Future[tuple[Item, Answer]]] = deque()
    for item in items:
        waiting.append(submit(item))
        if len(waiting) > _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
