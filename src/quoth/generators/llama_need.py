"""What a question needs of the context, reckoned before it begins: a bound, and bounded itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quoth.generators.base import Prompt
from quoth.generators.llama_context import FEW_CELLS, FEW_SEQUENCES, MANY_CELLS, MANY_SEQUENCES
from quoth.generators.llama_reading import ROUND

# The most cells that are reserved for what may follow the prompts: few answers are as long as they may be, and who
# finds the context full for once has less to bear than all who wait behind a promise of gigabytes.
MOST_FOLLOWING = MANY_CELLS // 2


@dataclass(frozen=True, slots=True)
class Need:
    """What a question needs at most."""

    sequences: int
    cells: int


def need_of(prompts: Sequence[Prompt], rows: int, tokens: int) -> Need:
    """The most that a question takes; it depends on the question alone, and so do its batches.

    Sequences: each prompt as it was read and twice forked (once by a decoding, once where it leaves passages out), as
    many again to score, and what steps. Where a small context has enough for that, up to all that it has are
    taken to score more at a time; else a large one is needed.

    Cells: those of the prompts, of what steps, and of one round of scores.

    Args:
        prompts: all that will be read.
        rows: how many sequences will be stepped at a time, at most.
        tokens: how many tokens will follow a prompt, at most.
    """
    scored = min((len(prompts) + rows + 3) * tokens, max(ROUND, tokens))
    cells = _read(prompts) + min(rows * tokens + scored, MOST_FOLLOWING)
    least, most = 4 * len(prompts) + rows, 4 * len(prompts) + 2 * rows + 3
    if least <= FEW_SEQUENCES and cells <= FEW_CELLS:
        return Need(min(most, FEW_SEQUENCES), cells)
    return Need(min(most, MANY_SEQUENCES), max(cells, FEW_CELLS + 1))


def _read(prompts: Sequence[Prompt]) -> int:
    """The cells that prompts take: instructions lie there twice while the null passage is read."""
    heads = {prompt.segments[0] for prompt in prompts}
    bodies = sum(len(prompt) - len(prompt.segments[0]) for prompt in prompts)
    return 2 * sum(map(len, heads)) + bodies + picture_cells(prompts)


def picture_cells(prompts: Sequence[Prompt]) -> int:
    """The cells that pictures take beyond their positions."""
    return sum(image.cells - image.positions for prompt in prompts for image in prompt.images)
