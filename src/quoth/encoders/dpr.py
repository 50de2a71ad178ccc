"""DPR's encoders of questions and of passages (Karpukhin et al. 2020, arXiv 2004.04906), through `transformers`.

Two encoders, one space: the score of a passage is its inner product with the question. The vectors have no unit
length, and their lengths count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

BATCH = 16


class DprEncoder:
    """One of the two encoders."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
        """Wrap a loaded encoder and its tokenizer."""
        self._model = model
        self._tokenizer = tokenizer

    def encode(self, texts: Sequence[str], titles: Sequence[str] | None = None) -> NDArray[np.float32]:
        """(n,) texts -> (n, d) float32; with titles each is read as the pair `title, text`.

        What the encoder has no positions for (mostly after 512 tokens) is not read.
        """
        rows = [
            self._encode(texts[start : start + BATCH], titles[start : start + BATCH] if titles else None)
            for start in range(0, len(texts), BATCH)
        ]
        return np.concatenate(rows)

    def heard(self, question: str) -> str:
        """The question as this encoder's tokens say it: of an uncased one in small letters.

        RAG's generator was trained on questions that had gone through the question encoder's tokenizer.
        """
        tokens = self._tokenizer(question, truncation=True, max_length=self._longest)["input_ids"]
        return str(self._tokenizer.decode(tokens, skip_special_tokens=True))

    @property
    def _longest(self) -> int:
        return int(self._model.config.max_position_embeddings)

    def _encode(self, texts: Sequence[str], titles: Sequence[str] | None) -> NDArray[np.float32]:
        pair = (list(texts),) if titles is None else (list(titles), list(texts))
        batch = self._tokenizer(*pair, truncation=True, max_length=self._longest, padding=True, return_tensors="pt")
        with torch.inference_mode():
            pooled = self._model(**batch.to(self._model.device), return_dict=True).pooler_output
        return np.asarray(pooled.float().cpu().numpy())
