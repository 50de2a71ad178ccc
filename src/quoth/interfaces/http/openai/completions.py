"""Answers in the shapes of OpenAI's chat completions, with their provenance in the field `quoth`."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from quoth.answer import Alternative, Answer, Token
from quoth.interfaces import shapes
from quoth.interfaces.http.desk import Asking
from quoth.interfaces.http.events import event
from quoth.interfaces.http.openai.requests import ChatRequest

Shape = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a completion and all chunks of one have in common."""

    wanted: ChatRequest
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, answer: Answer) -> Shape:
        """The completion."""
        choices = [self._choice(0, answer.text, _end(answer), answer.tokens, shapes.answer_shape(answer))]
        for i, other in enumerate(answer.alternatives, 1):
            choices.append(self._choice(i, other.text, _end(other), (), {"probability": other.probability}))
        return {**self._head("chat.completion"), "choices": choices, "usage": usage(self.wanted, answer)}

    def _choice(self, i: int, text: str, end: str, tokens: tuple[Token, ...], told: Shape) -> Shape:
        message = {"role": "assistant", "content": text, "refusal": None, "quoth": told}
        return {"index": i, "message": message, "finish_reason": end, "logprobs": self._logprobs(tokens)}

    async def chunks(self, asking: Asking) -> AsyncIterator[str]:
        """The same as events; the last with a choice tells the provenance."""
        yield self._chunk({"role": "assistant", "content": ""})
        spoken = False
        async for piece in asking.pieces():
            spoken = True
            yield self._chunk({"content": piece})
        answer = await asking.answer()
        if answer.abstained:
            # What was spoken is withdrawn, and cannot be unsaid.
            yield self._chunk({"content": f"\n\n{answer.text}" if spoken else answer.text})
        for i, other in enumerate(answer.alternatives, 1):
            yield self._chunk({"role": "assistant", "content": other.text}, i)
            yield self._chunk({}, i, finish_reason=_end(other))
        told = shapes.answer_shape(answer)
        yield self._chunk({"quoth": told}, finish_reason=_end(answer), logprobs=self._logprobs(answer.tokens))
        if self.wanted.stream_options and self.wanted.stream_options.include_usage:
            yield event({**self._head("chat.completion.chunk"), "choices": [], "usage": usage(self.wanted, answer)})
        yield "data: [DONE]\n\n"

    def _chunk(self, delta: Shape, index: int = 0, **end: object) -> str:
        choice = {"index": index, "delta": delta, "finish_reason": None, "logprobs": None, **end}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> Shape:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.wanted.model}

    def _logprobs(self, tokens: tuple[Token, ...]) -> Shape | None:
        if not self.wanted.logprobs:
            return None
        content = [
            {"token": one.text, "logprob": one.logprob, "bytes": list(one.text.encode()), "top_logprobs": []}
            for one in tokens
        ]
        return {"content": content, "refusal": None}


def _end(answer: Answer | Alternative) -> str:
    return "length" if answer.cut else "stop"


def usage(wanted: ChatRequest, answer: Answer) -> Shape:
    """Tokens of the answer; of what was sent the words, for it is not read as it stands."""
    asked = sum(len(message.said.split()) for message in wanted.messages)
    said = len(answer.tokens)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}
