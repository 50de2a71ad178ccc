"""Text to tokens and back with a checkpoint's own tokenizer and chat template."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from quoth.naming import whole

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_SPACE = "\u2581"


class Vocabulary:
    """The vocabulary of a `transformers` checkpoint.

    begin, close: the tokens that the tokenizer puts before and after every text (BOS, EOS, or nothing).
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, ends: Sequence[int]) -> None:
        """Wrap a fast tokenizer; `ends` are the tokens that end what the model says."""
        self._tokenizer = tokenizer
        self._ends = frozenset(ends)
        self._added = tokenizer.added_tokens_decoder
        self._bytes_of = _piece_decoder(tokenizer)
        framed, plain = self._ids("a", add_special_tokens=True), self._ids("a")
        start = next(i for i in range(len(framed)) if framed[i : i + len(plain)] == plain)
        self.begin: tuple[int, ...] = tuple(framed[:start])
        self.close: tuple[int, ...] = tuple(framed[start + len(plain) :])

    def ends(self, token: int) -> bool:
        """Whether the model ends what it says with this token."""
        return token in self._ends

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """The tokens of `text`, without BOS; `special` reads control tokens written out."""
        return self._ids(whole(text), split_special_tokens=not special)

    def detokenize(self, tokens: Sequence[int]) -> bytes:
        """The bytes of `tokens`, without those that only steer (BOS and the like)."""
        return b"".join(map(self._piece, tokens))

    def chat(self, message: str) -> str | None:
        """`message` as a user's turn in the tokenizer's template, or None where it has none."""
        if not self._tokenizer.chat_template:
            return None
        turn = [{"role": "user", "content": message}]
        text = str(self._tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True))
        return text.removeprefix(self._tokenizer.bos_token or "")  # `begin` brings it

    def _ids(self, text: str, **options: bool) -> list[int]:
        # Longer texts than the model reads are refused when they are read, not warned about here.
        return list(self._tokenizer(text, **{"add_special_tokens": False, "verbose": False, **options})["input_ids"])

    def _piece(self, token: int) -> bytes:
        if token in self._added:
            added = self._added[token]
            return b"" if added.special else str(added.content).encode()
        piece = self._tokenizer.convert_ids_to_tokens(token)
        return b"" if piece is None else self._bytes_of(piece)


def _piece_decoder(tokenizer: PreTrainedTokenizerFast) -> Callable[[str], bytes]:
    """How a piece of this vocabulary is written as bytes: GPT-2's alphabet of bytes, or SentencePiece's."""
    decoder = json.dumps(json.loads(tokenizer.backend_tokenizer.to_str())["decoder"])
    if '"ByteLevel"' in decoder:
        alphabet = byte_alphabet()
        return lambda piece: bytes(alphabet[letter] for letter in piece)
    return _sentencepiece_bytes


def _sentencepiece_bytes(piece: str) -> bytes:
    if len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">"):
        return bytes.fromhex(piece[3:5])
    return piece.replace(_SPACE, " ").encode()


def byte_alphabet() -> dict[str, int]:
    """The letter that byte-level BPE writes for each byte (Radford et al. 2019), as letter -> byte."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + i): byte for i, byte in enumerate(others)}
