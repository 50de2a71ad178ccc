"""What a server's refusals mean, and what to do about each."""

from __future__ import annotations

import openai

from quoth.errors import ModelError

_START = (
    "start it (`vllm serve MODEL`, `ollama serve`, `python -m llama_cpp.server --model FILE`), "
    "or set OPENAI_BASE_URL or the setting `server` to where it is"
)
_KEY = "set OPENAI_API_KEY, and OPENAI_BASE_URL to the server that it is for"
_NAME = "the model must be one that GET /models there lists, and the URL mostly ends in /v1"
_LONGEST = 300


def model_error(error: openai.APIError, model: str, url: str, key: str) -> ModelError:
    """The client's error, with its cause and cure; the key is in neither."""
    cause, cure = _explained(error, model, url)
    return ModelError(_without(cause, key), cure)


def _explained(error: openai.APIError, model: str, url: str) -> tuple[str, str]:
    said = _message(error)
    if "context" in f"{error.code} {error.type} {said}":
        return f"the prompt is too long for {model} ({said})", "ask with fewer passages"
    meanings = {
        openai.APITimeoutError: (f"{url} did not answer in time", "ask again, or ask with fewer passages"),
        openai.APIConnectionError: (f"the server {url} is away ({said})", _START),
        openai.AuthenticationError: (f"{url} refused the key ({said})", _KEY),
        openai.PermissionDeniedError: (f"{url} refused the key ({said})", _KEY),
        openai.NotFoundError: (f"{url} has no model {model!r} or no such path ({said})", _NAME),
        openai.RateLimitError: (f"{url} takes no more requests now ({said})", "wait, or look at your quota there"),
        openai.APIError: (f"{url} failed ({said})", "ask again; if it fails again, the server's log says why"),
    }
    return next(meaning for kind, meaning in meanings.items() if isinstance(error, kind))


def _message(error: openai.APIError) -> str:
    """What the server said, or why it could not be reached; on one line."""
    told = error.body.get("message") if isinstance(error.body, dict) else None
    return " ".join(str(told or error.__cause__ or error.message).split())[:_LONGEST]


def _without(text: str, key: str) -> str:
    return text.replace(key, "…") if key else text
