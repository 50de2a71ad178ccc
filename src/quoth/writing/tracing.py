"""What a model wrote -> sentences with what supports them.

Both kinds of evidence must agree on a sentence:

- where its words come from: the mixture's posterior at home, the citations that hold of a server's model;
- that the passage with most of them holds its words (`quoth.rag.support`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from quoth.answer import Source
from quoth.rag import find_quote
from quoth.rag.abstain import MEMORY_CARRIES_FROM
from quoth.rag.marginal import Logs
from quoth.rag.quote import sentences
from quoth.rag.support import SUPPORTED_FROM, support
from quoth.types import Hit
from quoth.writing.text import Paragraph, Sentence

# A passage with a smaller share of a sentence gets no footnote.
_SHARE = 0.2
_MOST = 2


def trace(pieces: Sequence[str], posterior: Logs, hits: Sequence[Hit], heading: str) -> list[Paragraph]:
    """The paragraphs of a text, each sentence with its sources or, if nothing supports it, with none.

    Args:
        pieces: m pieces, joined they are the text.
        posterior: (k+1, m) of each over the k hits and, last, the model's memory; columns sum to 1.
        hits: z_1..z_k.
        heading: what the text is about; its words need no support.
    """
    text = "".join(pieces)
    ends = list(accumulate(map(len, pieces)))
    paragraphs: list[list[Sentence]] = []
    last = -1
    for start, end in sentences(text):
        said = " ".join(text[start:end].split())
        if not any(map(str.isalnum, said)) or said.startswith("#"):
            continue
        own = [i for i, stop in enumerate(ends) if stop > start and stop - len(pieces[i]) < end]
        if last < 0 or "\n\n" in text[last:start]:
            paragraphs.append([])
        paragraphs[-1].append(_sentence(said, posterior[:, own].mean(axis=1), hits, heading))
        last = end
    return [Paragraph(tuple(one)) for one in paragraphs]


def _sentence(said: str, weights: Logs, hits: Sequence[Hit], heading: str) -> Sentence:
    memory = float(weights[-1])
    order = [int(z) for z in np.argsort(-weights[:-1], kind="stable") if weights[z] >= _SHARE][:_MOST]
    holding = [z for z in order if support(said, hits[z].passage, heading) >= SUPPORTED_FROM]
    if memory >= MEMORY_CARRIES_FROM or not holding:
        return Sentence(said, (), 1.0)
    shares = weights[holding] / weights[holding].sum() * (1 - memory)
    sources = tuple(_source(hits[z], said, heading, float(share)) for z, share in zip(holding, shares, strict=True))
    return Sentence(said, sources, memory, verbatim=said in " ".join(hits[holding[0]].passage.text.split()))


def _source(hit: Hit, said: str, heading: str, share: float) -> Source:
    passage = hit.passage
    start, end = find_quote(passage, said, heading)
    return Source(passage, passage.text[start - passage.start : end - passage.start], start, end, share)
