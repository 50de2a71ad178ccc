"""Encoder-decoders of `transformers` (BART, T5 and the like): the encoder reads the prompt, the decoder answers.

An encoder looks both ways, so what it makes of a passage depends on the question: there are no states to keep.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from transformers.cache_utils import EncoderDecoderCache
from transformers.modeling_outputs import BaseModelOutput

from quoth.generators.base import Prompt, Reader
from quoth.generators.torch_reading import (
    MAX_LOGITS,
    Layers,
    Scores,
    TorchReading,
    as_numpy,
    asked_of,
    cache_of,
    gather,
    layers_of,
    pad_right,
)
from quoth.generators.torch_runtime import check_length, ends_of, name_of
from quoth.generators.torch_vocabulary import Vocabulary
from quoth.types import LogProbs

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerFast


class Seq2SeqModel:
    """An encoder-decoder; see `quoth.generators.base.LanguageModel`.

    A prompt is the encoder's input, closed as the model's tokenizer closes a text; `log_probs` is what the
    decoder says first. The tails of a prompt are decoded from its segments before the last (Sachan et al. 2022,
    arXiv 2204.07496), when they are asked for.
    """

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> None:
        """Wrap a loaded model (of `AutoModelForSeq2SeqLM`) and its fast tokenizer."""
        vocabulary = Vocabulary(tokenizer, ends_of(model, tokenizer))
        self.name: str = name_of(model)
        self.begin: tuple[int, ...] = vocabulary.begin
        self.close: tuple[int, ...] = vocabulary.close
        self.ends = vocabulary.ends
        self.tokenize = vocabulary.tokenize
        self.detokenize = vocabulary.detokenize
        self.start = start_of(model)
        self._model = model
        self._longest = _positions(model, tokenizer)

    def chat(self, message: str) -> str:
        """`message` itself: an encoder-decoder reads an instruction whole and answers it."""
        return message

    def show(self, digest: str, file: bytes) -> None:
        """None: pictures are looked at with GGUF models and by servers (docs/decisions.md)."""

    def reserve(self, *_: object) -> AbstractContextManager[Reader]:
        """It reads whatever is asked: blocks of tensors take what memory there is."""
        return nullcontext(self)

    def read(self, prompts: Sequence[Prompt]) -> TorchReading:
        """Read k prompts at once.

        Raises:
            ModelError: the prompts do not fit the model's context.
        """
        bodies = [_joined(prompt.segments[:-1]) for prompt in prompts]
        tails = [prompt.segments[-1] for prompt in prompts]
        after, rows = self._begin([body + tail for body, tail in zip(bodies, tails, strict=True)])
        return TorchReading(rows, after, lambda: asked_of(prompts, self._begin(bodies)[1].score(tails)))

    def _begin(self, texts: Sequence[tuple[int, ...]]) -> tuple[LogProbs, DecoderRows]:
        """Encode the texts and let the decoder begin: (k, V) what it may say first, and its rows."""
        sources = [[*text, *self.close] for text in texts]
        check_length(max(map(len, sources)), self._longest)
        with torch.inference_mode():
            ids = pad_right(sources, self._model.device)
            counts = torch.tensor([[len(source)] for source in sources], device=ids.device)
            mask = (torch.arange(ids.shape[1], device=ids.device)[None] < counts).long()
            hidden = self._model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
            rows = DecoderRows(self._model, tuple(range(len(texts))), hidden, mask, [], [])
            log_probs, rows = rows.forward([self.start] * len(texts))
        return as_numpy(log_probs[:, -1]), rows


@dataclass(frozen=True, slots=True, eq=False)
class DecoderRows:
    """n answers of one length; see `quoth.generators.torch_reading.Rows`.

    prompts: (n,) which prompt each answers.
    hidden, mask: (n, t, d) and (n, t), what the encoder made of it.
    layers, cross: the decoder's own keys and values, and those of the encoder's output.
    """

    model: PreTrainedModel
    prompts: tuple[int, ...]
    hidden: torch.Tensor
    mask: torch.Tensor
    layers: Layers
    cross: Layers

    def __len__(self) -> int:
        return len(self.prompts)

    def take(self, index: Sequence[int]) -> DecoderRows:
        """The rows of this index; what the encoder made of them is copied only if other prompts are asked."""
        with torch.inference_mode():
            chosen = torch.tensor(list(index), device=self.model.device)
            rows = replace(self, layers=_select(self.layers, chosen), prompts=tuple(self.prompts[i] for i in index))
            if rows.prompts == self.prompts:
                return rows
            hidden, mask = self.hidden.index_select(0, chosen), self.mask.index_select(0, chosen)
            return replace(rows, hidden=hidden, mask=mask, cross=_select(self.cross, chosen))

    def step(self, tokens: Sequence[int]) -> tuple[LogProbs, DecoderRows]:
        """One more token for each row."""
        with torch.inference_mode():
            log_probs, rows = self.forward([[token] for token in tokens])
        return as_numpy(log_probs[:, -1]), rows

    def score(self, continuations: Sequence[Sequence[int]]) -> Scores:
        """For each row's own continuation, log p of all its tokens but the first."""
        longest = max(map(len, continuations)) - 1
        most = max(1, MAX_LOGITS // (max(1, longest) * self.model.config.vocab_size))
        scores: Scores = []
        for start in range(0, len(self), most):
            chosen = list(range(len(self)))[start : start + most]
            part = self if len(chosen) == len(self) else self.take(chosen)
            scores += part._score(continuations[start : start + most])
        return scores

    def forward(self, tokens: Sequence[Sequence[int]]) -> tuple[torch.Tensor, DecoderRows]:
        """Append tokens to each row, zeros after the shorter lists: (n, c, V) log p of what follows each."""
        told = self.layers[0][0].shape[2] if self.layers else 0
        check_length(told + max(map(len, tokens)), getattr(self.model.config, "max_position_embeddings", sys.maxsize))
        cache = EncoderDecoderCache(cache_of(self.layers), cache_of(self.cross))
        output = self.model(
            encoder_outputs=BaseModelOutput(last_hidden_state=self.hidden),
            attention_mask=self.mask,
            decoder_input_ids=pad_right(tokens, self.model.device),
            past_key_values=cache,
            use_cache=True,
        )
        layers, cross = layers_of(cache.self_attention_cache), layers_of(cache.cross_attention_cache)
        return torch.log_softmax(output.logits.float(), dim=-1), replace(self, layers=layers, cross=cross)

    def _score(self, continuations: Sequence[Sequence[int]]) -> Scores:
        with torch.inference_mode():
            log_probs, _ = self.forward([tokens[:1] if len(tokens) == 1 else tokens[:-1] for tokens in continuations])
            return gather(log_probs, 0, [tokens[1:] for tokens in continuations])


def start_of(model: PreTrainedModel) -> list[int]:
    """What every answer of the decoder begins with: its start token, and a BOS where the model is made to say one."""
    config = model.generation_config
    start = config.decoder_start_token_id
    if start is None:
        start = model.config.decoder_start_token_id
    return [start] if config.forced_bos_token_id is None else [start, config.forced_bos_token_id]


def _positions(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> int:
    """How many tokens the encoder reads: its positions, or what it was trained with where it has none (T5)."""
    return int(getattr(model.config, "max_position_embeddings", None) or tokenizer.model_max_length)


def _joined(segments: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(token for segment in segments for token in segment)


def _select(layers: Layers, chosen: torch.Tensor) -> Layers:
    return [(keys.index_select(0, chosen), values.index_select(0, chosen)) for keys, values in layers]
