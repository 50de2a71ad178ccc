"""Pictures in what a server is asked: parts of a user's turn, and the refusals of servers that read words alone.

No server says beforehand whether its model looks at pictures; it is found out by sending one.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import openai

Turn = str | Sequence[str | bytes]
"""What a user says: words, or words and pictures (JPEG files) in reading order."""

# What servers answer to pictures that they cannot take: 400 (OpenAI, vLLM), 404 (OpenRouter), 500 (llama.cpp), ...
_REFUSALS = (400, 404, 415, 422, 500, 501)


def content(turn: Turn) -> str | list[dict[str, Any]]:
    """A turn as the request has it: pictures as data URLs."""
    return turn if isinstance(turn, str) else [_part(one) for one in turn]


def has_pictures(turn: Turn) -> bool:
    """Whether there are pictures in it."""
    return not isinstance(turn, str) and any(isinstance(part, bytes) for part in turn)


def words_of(turn: Turn) -> str:
    """The same without its pictures."""
    return turn if isinstance(turn, str) else "".join(part for part in turn if isinstance(part, str))


def may_refuse_pictures(error: openai.APIStatusError) -> bool:
    """Whether a server may have said that it cannot take pictures; if so, it can take the words."""
    return error.status_code in _REFUSALS and "context" not in f"{error.code} {error.type} {error.message}"


def _part(part: str | bytes) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{b64encode(part).decode()}"}}
