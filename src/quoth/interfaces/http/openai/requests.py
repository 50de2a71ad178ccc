"""What clients of OpenAI send, and what of it Quoth does.

What is harmless to leave out is ignored, as other such servers do; what would change the answer is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from quoth.interfaces.http.refusals import RefusedError

LONGEST = 1024
"""Tokens of an answer at most; `max_tokens` is a bound, so a higher one is met by this."""

_MOST_ANSWERS = 20


class Part(BaseModel):
    """A part of a message; other kinds than text are refused."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["text"])
    text: str | None = None


class Message(BaseModel):
    """One message; those of the system are for models that follow instructions, and not read."""

    model_config = ConfigDict(extra="allow")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def said(self) -> str:
        """Its text.

        Raises:
            RefusedError: 400, it has something else in it.
        """
        if not isinstance(self.content, list):
            return self.content or ""
        for part in self.content:
            if part.type not in ("text", "refusal"):
                raise RefusedError(
                    400, f"a message has a part of type {part.type!r:.50}", "send text; POST /search takes pictures"
                )
        return "\n".join(part.text or "" for part in self.content)


class StreamOptions(BaseModel):
    """What the stream has besides."""

    model_config = ConfigDict(extra="allow")

    include_usage: bool = False


class ChatRequest(BaseModel):
    """A request of `/v1/chat/completions`."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"model": "quoth", "messages": [{"role": "user", "content": "Which tool uploads to PyPI?"}]},
            ]
        },
    )

    model: str = Field(description='A collection\'s name; "quoth" is the first.', examples=["quoth"])
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    n: Annotated[int, Field(ge=1, le=_MOST_ANSWERS)] | None = None
    stop: str | list[str] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    tools: list[Any] | None = Field(None, description="Refused, as `functions`, unless empty.")
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = Field(None, description="Refused, unless its type is text.")
    frequency_penalty: float | None = Field(None, description="Refused, as `presence_penalty`, unless 0.")
    presence_penalty: float | None = None
    logit_bias: dict[str, Any] | None = Field(None, description="Refused, unless empty.")
    modalities: list[str] | None = Field(None, description="Refused, unless text.")

    def check(self) -> None:
        """Refuse what Quoth cannot do.

        Raises:
            RefusedError: 400, with the field, or a message has something else than text in it.
        """
        for message in self.messages:
            _ = message.said
        cannot = {
            "tools": self.tools,
            "functions": self.functions,
            "response_format": self.response_format and self.response_format.get("type") != "text",
            "frequency_penalty": self.frequency_penalty,
            "presence_penalty": self.presence_penalty,
            "logit_bias": self.logit_bias,
            "modalities": self.modalities and self.modalities != ["text"],
            "top_logprobs": self.top_logprobs,
            "stop": isinstance(self.stop, list) and len(self.stop) > 1 and "more than one text",
        }
        for name, value in cannot.items():
            if value:
                raise RefusedError(400, f"{name} is nothing that Quoth can do", "leave it out")

    @property
    def settings(self) -> dict[str, Any]:
        """What is asked for as settings of ours; OpenAI's clients send null for what they leave out."""
        longest = self.max_completion_tokens or self.max_tokens
        stop = self.stop[0] if isinstance(self.stop, list) and self.stop else self.stop
        given = {
            "temperature": self.temperature,
            "top_p": None if self.top_p is None else max(self.top_p, 0.01),
            "max_tokens": longest and min(longest, LONGEST),
            "answers": self.n,
            "seed": None if self.seed is None else self.seed % 2**32,
            "stop": stop or None,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def conversation(self) -> tuple[list[tuple[str, str]], str]:
        """The pairs of what was said before, and the message to answer; several of the user's in a row are one.

        Raises:
            RefusedError: 400, the last message is not the user's.
        """
        spoken = [one for one in self.messages if one.role in ("user", "assistant")]
        if not spoken or spoken[-1].role != "user":
            raise RefusedError(400, "the last message is not the user's", "end messages with one of role user")
        pairs: list[tuple[str, str]] = []
        asked: list[str] = []
        for one in spoken:
            if one.role == "user":
                asked.append(one.said)
            elif asked:
                pairs.append(("\n".join(asked), one.said))
                asked = []
        return pairs, "\n".join(asked)


class EmbeddingRequest(BaseModel):
    """A request of `/v1/embeddings`."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [{"model": "quoth", "input": "a hot drink"}]}
    )

    model: str = Field(description="A collection's name: its encoder of texts is meant.", examples=["quoth"])
    input: str | Annotated[list[str], Field(min_length=1, max_length=2048)] = Field(description="Text; not tokens.")
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1)] | None = Field(None, description="The encoder's own, or nothing.")

    @property
    def texts(self) -> list[str]:
        """What is to be embedded."""
        return [self.input] if isinstance(self.input, str) else self.input
