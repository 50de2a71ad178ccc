"""Text to tokens and back with a GGUF model's own vocabulary and chat template."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import llama_cpp
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

from quoth.generators.llama_context import Weights

_PIECE_BYTES = 512


class Vocabulary:
    """The vocabulary of a loaded model, which stays loaded as long."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._model = weights.pointer
        self._vocab = llama_cpp.llama_model_get_vocab(weights.pointer)

    @property
    def begin(self) -> tuple[int, ...]:
        """BOS, where the model wants one."""
        wanted = llama_cpp.llama_vocab_get_add_bos(self._vocab)
        return (llama_cpp.llama_vocab_bos(self._vocab),) if wanted else ()

    def ends(self, token: int) -> bool:
        """Whether the model ends what it says with this token."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """The tokens of `text`, without BOS; `special` reads control tokens written out."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 16
        tokens = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocab, data, len(data), tokens, room, False, special)
        return list(tokens[:count])

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        """The bytes of `tokens`, without those that only steer (BOS and the like)."""
        return b"".join(map(self._piece, tokens))

    def chat(self, message: str) -> str | None:
        """`message` as a user's turn in the model's template, or None for a model without one."""
        template = llama_cpp.llama_model_chat_template(self._model, None)
        if not template:
            return None
        formatter = Jinja2ChatFormatter(template.decode(), eos_token="", bos_token="")
        return str(formatter(messages=[{"role": "user", "content": message}]).prompt)

    def name(self) -> str:
        """The model's own name, or nothing."""
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        size = llama_cpp.llama_model_meta_val_str(self._model, b"general.name", buffer, _PIECE_BYTES)
        return buffer.value.decode("utf-8", "replace") if size > 0 else ""

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        size = llama_cpp.llama_token_to_piece(self._vocab, token, buffer, _PIECE_BYTES, 0, False)
        return buffer.raw[:size]
