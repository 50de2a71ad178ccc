"""Causal language models of `transformers` (GPT-2, Llama, Qwen, Gemma and the like)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import safetensors.torch
import torch

from quoth.errors import ModelError
from quoth.generators.base import Prompt, Reader
from quoth.generators.states import StateCache, Tokens
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
    from transformers.modeling_outputs import ModelOutput

# Layers whose whole state is keys and values, token by token.
_ATTENTION = {"full_attention", "sliding_attention", "chunked_attention"}


class CausalModel:
    """A causal model; see `quoth.generators.base.LanguageModel`.

    The state after each prompt's body (all segments but the last) is kept and read by itself, so that it is the
    same whatever is asked beside it.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, state_bytes: int = 512 << 20
    ) -> None:
        """Wrap a loaded model and its fast tokenizer.

        Args:
            model: of `AutoModelForCausalLM`.
            tokenizer: of `AutoTokenizer`.
            state_bytes: the memory for passage states.

        Raises:
            ModelError: the model keeps states that are not keys and values (Mamba and the like).
        """
        config = model.config.get_text_config()
        kinds = set(getattr(config, "layer_types", None) or _ATTENTION)
        if not kinds <= _ATTENTION or getattr(model, "_is_stateful", False):
            raise ModelError(
                f"{config.model_type} keeps states that are not keys and values",
                "use a GGUF file of it, or another model",
            )
        vocabulary = Vocabulary(tokenizer, ends_of(model, tokenizer))
        self.name: str = name_of(model)
        self.begin: tuple[int, ...] = vocabulary.begin
        self.ends = vocabulary.ends
        self.tokenize = vocabulary.tokenize
        self.detokenize = vocabulary.detokenize
        self.chat = vocabulary.chat
        self.states = StateCache(state_bytes)
        self._model = model
        self._longest: int = config.max_position_embeddings

    def show(self, digest: str, file: bytes) -> None:
        """None: pictures are looked at with GGUF models and by servers (docs/decisions.md)."""

    def reserve(self, *_: object) -> AbstractContextManager[Reader]:
        """It reads whatever is asked: blocks of tensors take what memory there is."""
        return nullcontext(self)

    def read(self, prompts: Sequence[Prompt]) -> TorchReading:
        """Read k prompts at once; shared segments once, kept states not at all.

        Raises:
            ModelError: the prompts do not fit the model's context.
        """
        check_length(max(map(len, prompts)), self._longest)
        with torch.inference_mode():
            bodies = [self._state(prompt.segments[:-1]) for prompt in prompts]
            lengths = [len(prompt) - len(prompt.segments[-1]) for prompt in prompts]
            rows = CausalRows(self._model, self._longest, _stack(bodies), lengths)
            asked = [prompt.segments[-1] for prompt in prompts]
            after, tails, read = rows.read(asked, [tail[1:] for tail in asked])
        return TorchReading(read, after, lambda: asked_of(prompts, tails))

    def _state(self, segments: Sequence[Tokens]) -> Layers:
        """The state after these segments: of each segment its own columns are kept, or read now and kept."""
        if not segments:
            return []
        before, segment = self._state(segments[:-1]), segments[-1]
        if not segment:
            return before
        key = (tuple(segments[:-1]), segment)
        kept = self.states.get(key)
        if kept is None:
            kept = self._read_state(before, sum(map(len, segments[:-1])), segment)
            self.states.put(key, kept)
        # A kept state is loaded even when it is fresh, so that both give the same numbers to the bit.
        own = _unpack(kept, self._model.device)
        if not before:
            return own
        return [
            (torch.cat([k, own_k], dim=2), torch.cat([v, own_v], dim=2))
            for (k, v), (own_k, own_v) in zip(before, own, strict=True)
        ]

    def _read_state(self, before: Layers, length: int, segment: Tokens) -> bytes:
        """The columns of one more segment, as bytes."""
        read = CausalRows(self._model, self._longest, before, [length]).extend([segment])
        return _pack([(keys[:, :, length:], values[:, :, length:]) for keys, values in read.layers])


@dataclass(frozen=True, slots=True, eq=False)
class CausalRows:
    """n sequences; see `quoth.generators.torch_reading.Rows`.

    layers: keys and values, (n, heads, t, d), each row at the right end; what is left of a shorter row is masked.
    lengths: (n,) the tokens of each row.
    """

    model: PreTrainedModel
    longest: int
    layers: Layers
    lengths: list[int]

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, index: Sequence[int]) -> CausalRows:
        """The rows of this index."""
        with torch.inference_mode():
            chosen = torch.tensor(list(index), device=self.model.device)
            layers = [(keys.index_select(0, chosen), values.index_select(0, chosen)) for keys, values in self.layers]
            lengths = [self.lengths[i] for i in index]
            layers = _narrow(layers, max(lengths))
        return CausalRows(self.model, self.longest, layers, lengths)

    def step(self, tokens: Sequence[int]) -> tuple[LogProbs, CausalRows]:
        """One more token for each row."""
        with torch.inference_mode():
            after, _, rows = self.read([[token] for token in tokens], [[]] * len(tokens))
        return after, rows

    def score(self, continuations: Sequence[Sequence[int]]) -> Scores:
        """For each row's own continuation, log p of all its tokens but the first."""
        with torch.inference_mode():
            return self.read([tokens[:-1] for tokens in continuations], [tokens[1:] for tokens in continuations])[1]

    def read(
        self, tokens: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
    ) -> tuple[LogProbs, Scores, CausalRows]:
        """Append tokens to each row, a piece of columns at a time.

        Returns:
            (n, V) what may follow, each row's log p of its targets (target j follows token j), the longer rows.
        """
        vocabulary = self.model.config.get_text_config().vocab_size
        width = max(1, MAX_LOGITS // (len(self) * vocabulary))
        after = np.empty((len(self), 0), np.float32)
        pieces: list[Scores] = []
        rows = self
        for start in range(0, max(map(len, tokens)), width):
            log_probs, rows = rows._forward([row[start : start + width] for row in tokens])
            after = after if after.shape[1] else np.empty((len(self), log_probs.shape[-1]), np.float32)
            last = [i for i, row in enumerate(tokens) if start < len(row) <= start + width]
            after[last] = as_numpy(log_probs[last, [len(tokens[i]) - 1 - start for i in last]])
            pieces.append(gather(log_probs, start, targets))
        return after, [np.concatenate(row) for row in zip(*pieces, strict=True)], rows

    def extend(self, tokens: Sequence[Sequence[int]]) -> CausalRows:
        """Append tokens to each row without asking what follows: only the layers work."""
        return self._run(self.model.base_model, tokens)[1]

    def _forward(self, tokens: Sequence[Sequence[int]]) -> tuple[torch.Tensor, CausalRows]:
        """(n, c, V) log p of what follows each of the tokens, and the longer rows."""
        output, rows = self._run(self.model, tokens)
        return torch.log_softmax(output.logits.float(), dim=-1), rows

    def _run(self, part: PreTrainedModel, tokens: Sequence[Sequence[int]]) -> tuple[ModelOutput, CausalRows]:
        """One pass of the model, or of its layers, over tokens that follow each row."""
        lengths = [old + len(row) for old, row in zip(self.lengths, tokens, strict=True)]
        check_length(max(lengths), self.longest)
        ids = pad_right(tokens, self.model.device)
        before = torch.tensor(self.lengths, device=ids.device)[:, None]
        columns = torch.arange(ids.shape[1], device=ids.device)[None]
        counts = torch.tensor([[len(row)] for row in tokens], device=ids.device)
        old = torch.arange(max(self.lengths), 0, -1, device=ids.device)[None] <= before
        output = part(
            input_ids=ids,
            attention_mask=torch.cat([old, columns < counts], dim=1).long(),
            position_ids=(before + columns).clamp(max=self.longest - 1),
            past_key_values=cache_of(self.layers),
            use_cache=True,
        )
        layers = _to_the_right(layers_of(output.past_key_values), (ids.shape[1] - counts)[:, 0], max(lengths))
        return output, CausalRows(self.model, self.longest, layers, lengths)


def _to_the_right(layers: Layers, gaps: torch.Tensor, width: int) -> Layers:
    """Each row moved over the gap at its right end, and the rows cut to `width` columns.

    Args:
        layers: (n, heads, t, d) each.
        gaps: (n,) columns to the right of each row.
        width: columns of the longest row.
    """
    total = layers[0][0].shape[2]
    if not gaps.any():
        return _narrow(layers, width)
    columns = torch.arange(total - width, total, device=gaps.device)[None] - gaps[:, None]
    index = (columns % total)[:, None, :, None]

    def moved(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.gather(2, index.expand(-1, tensor.shape[1], -1, tensor.shape[3]))

    return [(moved(keys), moved(values)) for keys, values in layers]


def _narrow(layers: Layers, width: int) -> Layers:
    """The last `width` columns."""
    return [(keys[:, :, keys.shape[2] - width :], values[:, :, values.shape[2] - width :]) for keys, values in layers]


def _stack(states: Sequence[Layers]) -> Layers:
    """States of one row each as the rows of one, each at the right end; a row without a state is empty."""
    full = next((state for state in states if state), None)
    if full is None:
        return []
    empty = [(keys[:, :, :0], values[:, :, :0]) for keys, values in full]
    longest = max(state[0][0].shape[2] for state in states if state)

    def padded(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.cat([torch.nn.functional.pad(t, (0, 0, longest - t.shape[2], 0)) for t in tensors])

    rows = [state or empty for state in states]
    return [
        (padded([row[layer][0] for row in rows]), padded([row[layer][1] for row in rows])) for layer in range(len(full))
    ]


def _pack(layers: Layers) -> bytes:
    named = {f"{i} {kind}": pair[kind] for i, pair in enumerate(layers) for kind in (0, 1)}
    return bytes(safetensors.torch.save({name: tensor.cpu().contiguous() for name, tensor in named.items()}))


def _unpack(state: bytes, device: torch.device) -> Layers:
    named = safetensors.torch.load(state)
    return [tuple(named[f"{i} {kind}"].to(device) for kind in (0, 1)) for i in range(len(named) // 2)]
