"""A connection to an OpenAI-compatible server, through the official client: where it is, its key, what goes wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import openai

from quoth.errors import ModelError, UsageError
from quoth.generators.remote_errors import model_error

TIMEOUT_S = 120.0
CONNECT_S = 5.0
RETRIES = 2
NO_API = "check that this is the base URL of an OpenAI-compatible API; it mostly ends in /v1"
_NO_KEY = "none"


class RemoteClient:
    """One server, for all that it is asked."""

    def __init__(self, server: str = "", *, timeout_s: float = TIMEOUT_S, retries: int = RETRIES) -> None:
        """Make the client; nothing is sent yet.

        Args:
            server: its base URL; "" for that of OPENAI_BASE_URL, or OpenAI's. The key of OPENAI_API_KEY goes only
                to a server of the environment's: `server` may come from a settings file of somebody else.
            timeout_s: the longest silence of the server, in seconds.
            retries: how often the client tries again, with growing pauses or those that the server asks for.

        Raises:
            UsageError: `server` is no URL.
            ModelError: OpenAI's server is meant and there is no key.
        """
        own = os.environ.get("OPENAI_BASE_URL", "")
        self._key = os.environ.get("OPENAI_API_KEY", "") if server in ("", own) else ""
        if not (self._key or server or own):
            raise ModelError(
                "there is no key for OpenAI's server",
                "set OPENAI_API_KEY, or name another server with OPENAI_BASE_URL or the setting `server`",
            )
        self.client = openai.OpenAI(
            base_url=_checked(server or own) or None,
            api_key=self._key or _NO_KEY,
            timeout=openai.Timeout(timeout_s, connect=CONNECT_S),
            max_retries=retries,
        )

    @property
    def url(self) -> str:
        """Where the server is, without a password that its URL may hold."""
        return str(self.client.base_url.copy_with(username=None, password=None)).rstrip("/")

    @contextmanager
    def telling(self, model: str) -> Iterator[None]:
        """The client's errors, as ours, of what is asked of `model`."""
        try:
            yield
        except openai.APIError as error:
            raise model_error(error, model, self.url, self._key) from None
        except json.JSONDecodeError as error:
            raise ModelError(f"what {self.url} says is no JSON", NO_API) from error


def _checked(url: str) -> str:
    if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
        raise UsageError(f"{url!r} is no server's URL", "write it like http://localhost:8000/v1")
    return url
