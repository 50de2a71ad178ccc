"""A model behind an OpenAI-compatible server: text as it comes, and log-probabilities where the server gives them.

It is not a `LanguageModel`: no server shows its whole distribution. What it shows at most is the log-probability of
each token of a prompt, through `echo` and `logprobs` of `/v1/completions` (vLLM and llama_cpp.server do); whether
this one does is found out by asking it.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import openai
from numpy.typing import NDArray
from openai.types import Completion

from quoth.errors import ModelError, UsageError
from quoth.generators.remote_client import NO_API, RETRIES, TIMEOUT_S, RemoteClient
from quoth.generators.remote_pictures import Turn, content, has_pictures, may_refuse_pictures, words_of

# Scores asked for at once: a server reads them in one batch, or one after another.
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Scored:
    """A continuation under one prompt: its m tokens as text, and (m,) log p of each, natural log."""

    tokens: tuple[str, ...]
    log_probs: NDArray[np.float64]


class RemoteModel:
    """One model of one server, through the official client.

    `looks`: whether it took a picture that it was sent; None as long as that is not known.
    """

    def __init__(self, name: str, server: str = "", *, timeout_s: float = TIMEOUT_S, retries: int = RETRIES) -> None:
        """Make the client; nothing is sent yet.

        Args:
            name: the model, as the server calls it.
            server: its base URL; "" for that of OPENAI_BASE_URL, or OpenAI's. The key of OPENAI_API_KEY goes only
                to a server of the environment's: `server` may come from a settings file of somebody else.
            timeout_s: the longest silence of the server, in seconds.
            retries: how often the client tries again, with growing pauses or those that the server asks for.

        Raises:
            UsageError: no model is named, or `server` is no URL.
            ModelError: OpenAI's server is meant and there is no key.
        """
        if not name:
            raise UsageError("no model is named after 'openai:'", "write openai:MODEL, as the server calls it")
        self.name = name
        self._server = RemoteClient(server, timeout_s=timeout_s, retries=retries)
        self._client = self._server.client
        self._refused: set[str] = set()
        self._scores: bool | None = None
        self._probing = threading.Lock()
        self.looks: bool | None = None

    @property
    def url(self) -> str:
        """Where the server is, without a password that its URL may hold."""
        return self._server.url

    def complete(self, message: Turn, **options: object) -> Generator[str, None, bool]:
        """What the model says to `message`, piece by piece.

        Args:
            message: one user's turn; the server puts it in the model's template. Pictures are left out if the server
                takes the words without them alone, and from then on unless it took others before.
            options: of the request, by their names there: `max_tokens`, `stop`, `temperature`, `top_p`, `seed`.
                One that the model refuses by its name (`temperature` of reasoning models) is left out from then on.

        Returns:
            whether it was sent the pictures.

        Raises:
            ModelError: the server is away, refuses the key, the model or the prompt, or breaks off.
        """
        turn = words_of(message) if self.looks is False else message
        with self._telling():
            while True:
                wanted = {name: value for name, value in options.items() if name not in self._refused}
                try:
                    yield from self._stream(turn, wanted)
                    self._learn(has_pictures(message), has_pictures(turn))
                    return has_pictures(turn)
                except openai.APIStatusError as error:
                    if isinstance(error, openai.BadRequestError) and error.param in wanted:
                        self._refused.add(error.param)
                    elif has_pictures(turn) and may_refuse_pictures(error):
                        turn = words_of(turn)
                    else:
                        raise

    def _learn(self, had_pictures: bool, took_them: bool) -> None:
        """A server that took pictures once looks: what it refuses later is a bad picture, or a bad moment."""
        if took_them:
            self.looks = True
        elif had_pictures and self.looks is None:
            self.looks = False

    @property
    def scores(self) -> bool:
        """Whether the server gives the log-probabilities of a prompt's tokens; it is asked once.

        Raises:
            ModelError: the server is away.
        """
        with self._probing:
            if self._scores is None:
                self._scores = self._probe()
            return self._scores

    def _probe(self) -> bool:
        with self._telling():
            try:
                return self._score(self._client.with_options(max_retries=0), "one", " two") is not None
            except openai.APIStatusError:
                return False

    def score(self, prompts: Sequence[str], continuation: str) -> list[Scored] | None:
        """Log p of the continuation's tokens after each of k prompts; None if the server did not give them whole.

        Raises:
            ModelError: the server is away, or refuses a prompt.
        """
        with self._telling(), ThreadPoolExecutor(AT_ONCE) as pool:
            scored = list(pool.map(lambda prompt: self._score(self._client, prompt, continuation), prompts))
        whole = [s for s in scored if s is not None]
        alike = len({s.tokens for s in whole}) == 1
        return whole if alike and len(whole) == len(scored) else None

    def _stream(self, turn: Turn, options: dict[str, Any]) -> Iterator[str]:
        said, messages = False, _messages(turn)
        chat = self._client.chat.completions
        with chat.create(model=self.name, messages=messages, stream=True, extra_body=options) as stream:
            for chunk in stream:
                for choice in chunk.choices[:1]:
                    said = said or choice.finish_reason is not None or bool(choice.delta.content)
                    yield choice.delta.content or ""
        if not said:
            # Some servers (llama_cpp.server) end the stream where they should tell an error: asked for whole, they do.
            yield from self._whole(messages, options)

    def _whole(self, messages: list[Any], options: dict[str, Any]) -> Iterator[str]:
        answer = self._client.chat.completions.create(model=self.name, messages=messages, extra_body=options)
        choices = getattr(answer, "choices", None)
        if not choices:
            raise ModelError(f"{self.url} gave no answer", NO_API)
        yield choices[0].message.content or ""

    def _score(self, client: openai.OpenAI, prompt: str, continuation: str) -> Scored | None:
        answer = client.completions.create(
            model=self.name, prompt=prompt + continuation, echo=True, logprobs=1, max_tokens=1, temperature=0
        )
        # What is not JSON comes back from the client as text.
        return tail(answer, continuation) if isinstance(answer, Completion) else None

    def _telling(self) -> AbstractContextManager[None]:
        """The client's errors as ours."""
        return self._server.telling(self.name)


def _messages(turn: Turn) -> list[Any]:
    return [{"role": "user", "content": content(turn)}]


def tail(answer: Completion, continuation: str) -> Scored | None:
    """The continuation's tokens and their log-probabilities, from an echoed prompt that ends with it.

    They are found from the end: before them servers count differently (vLLM counts the begin token's name). Only
    visible ASCII is compared, since a token may hold half of another character. None if that does not fit.
    """
    logs = answer.choices[0].logprobs if answer.choices else None
    if logs is None or not logs.tokens or not logs.token_logprobs or answer.usage is None:
        return None
    end = start = len(logs.tokens) - answer.usage.completion_tokens
    wanted, seen = _visible(continuation), ""
    while start > 0 and (len(seen) < len(wanted) or not _visible(logs.tokens[start - 1])):
        start -= 1
        seen = _visible(logs.tokens[start]) + seen
    log_probs = logs.token_logprobs[start:end]
    if seen != wanted or start == end or any(log is None for log in log_probs):
        return None
    return Scored(tuple(logs.tokens[start:end]), np.array(log_probs, np.float64))


def _visible(text: str) -> str:
    return "".join(character for character in text if "!" <= character <= "~")
