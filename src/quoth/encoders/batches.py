"""Pictures through an encoder that looks at several at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from quoth.encoders.base import Seen
from quoth.types import Pixels

BATCH = 16
# What no card says alike (how long a vector is, how many classes) a first look at this tells.
BLACK = np.zeros((64, 64, 3), np.uint8)

Look = Callable[[Sequence[Pixels]], Seen]


def look_at_nothing(look: Look) -> Seen:
    """What `look` makes of no pictures: (0, d) vectors, and (0, classes) logits if it gives them."""
    seen = look([BLACK])
    return Seen(seen.vectors[:0], None if seen.logits is None else seen.logits[:0])


def look_at_all(
    look: Look, pictures: Sequence[Pixels], nothing: Seen, progress: Callable[[int], None] | None = None
) -> Seen:
    """(n,) pictures, a batch at a time; `nothing` is what `look_at_nothing` gave."""
    seen = [nothing]
    for start in range(0, len(pictures), BATCH):
        batch = pictures[start : start + BATCH]
        seen.append(look(batch))
        if progress:
            progress(start + len(batch))
    vectors = np.concatenate([part.vectors for part in seen])
    logits = [part.logits for part in seen if part.logits is not None]
    return Seen(vectors, np.concatenate(logits) if logits else None)
