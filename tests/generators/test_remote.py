"""The client of OpenAI-compatible servers: what it asks, what it makes of answers, and every error with its cure.

The log-probabilities come from a real server with a tiny model. What no healthy server does (refuse, be slow, break
off) is played by a few lines that send a script of responses.
"""

import contextlib
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from openai.types import Completion

from quoth.errors import ModelError, QuothError, UsageError
from quoth.generators.base import Prompt
from quoth.generators.remote import RemoteModel, tail
from remote_servers import free_port, llama_server, write_tiny_model

KEY = "sk-quoth-secret"


def sse(*chunks, done=True):
    """A stream of events, as such servers send them."""
    events = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"] * done
    return 200, {"Content-Type": "text/event-stream"}, "".join(events).encode()


def said(text, finish=None):
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}


def error(status, message, headers=(), **more):
    body = json.dumps({"error": {"message": message, **more}}).encode()
    return status, {"Content-Type": "application/json", **dict(headers)}, body


@pytest.fixture
def scripted(monkeypatch):
    """Starts a server that sends given responses, in order; it notes what was asked. A number is seconds to wait."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with contextlib.ExitStack() as stack:

        def start(*responses):
            script, asked = list(responses), []

            class Handler(BaseHTTPRequestHandler):
                def do_POST(self):
                    body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                    asked.append((self.headers["Authorization"], body))
                    response = script.pop(0)
                    if isinstance(response, float):
                        time.sleep(response)
                        return
                    status, headers, content = response
                    self.send_response(status)
                    for name, value in {"Content-Length": len(content), **headers}.items():
                        self.send_header(name, str(value))
                    self.end_headers()
                    self.wfile.write(content)

                def log_message(self, *arguments):
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}/v1", asked

        yield start


def complete(model):
    return "".join(model.complete("Who?", temperature=0, max_tokens=9))


def test_a_stream_comes_in_its_pieces(scripted):
    url, asked = scripted(sse(said(""), said("Ada"), {**said(""), "choices": []}, said(" Holm", "stop")))
    pieces = list(RemoteModel("m", url).complete("Who?", stop=["\nQ"], max_tokens=9))
    assert [piece for piece in pieces if piece] == ["Ada", " Holm"]
    [(_, body)] = asked
    assert body["stream"] is True and body["max_tokens"] == 9 and body["stop"] == ["\nQ"]


def test_a_setting_that_the_model_refuses_is_left_out_from_then_on(scripted):
    refusal = error(400, "Unsupported value", param="temperature", code="unsupported_value")
    answer = sse(said("Ada", "stop"))
    url, asked = scripted(refusal, answer, answer)
    model = RemoteModel("m", url)
    assert complete(model) == complete(model) == "Ada"
    assert ["temperature" in body for _, body in asked] == [True, False, False]


def test_busy_servers_are_asked_again_when_they_say(scripted):
    busy = error(429, "slow down", {"retry-after-ms": "1"})
    url, asked = scripted(busy, busy, sse(said("Ada", "stop")))
    assert complete(RemoteModel("m", url)) == "Ada"
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("response", "cause", "cure"),
    [
        (error(401, f"Incorrect API key: {KEY}"), "refused the key", "OPENAI_API_KEY"),
        (error(403, "not for you"), r"refused the key \(not for you\)", "OPENAI_API_KEY"),
        (error(404, "The model `m` does not exist"), "no model 'm'", "GET /models"),
        (error(429, "quota"), r"no more requests now \(quota\)", "quota"),
        (error(400, "maximum context length is 4096"), "too long for m", "fewer passages"),
        (error(400, "too long", code="context_length_exceeded"), "too long for m", "fewer passages"),
        (error(500, "out of\nmemory"), r"failed \(out of memory\)", "log"),
        (sse({"error": {"message": "the engine died"}}), r"failed \(the engine died\)", "log"),
        (0.5, "did not answer in time", "fewer passages"),
        ((200, {"Content-Type": "text/event-stream", "Content-Length": 999}, b"data: "), "is away", "start it"),
        ((200, {"Content-Type": "text/event-stream"}, b"data: {]\n\n"), "no JSON", "/v1"),
    ],
)
def test_errors_have_a_cause_and_a_cure(scripted, monkeypatch, response, cause, cure):
    url, _ = scripted(response)
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(ModelError, match=cause) as raised:
        complete(RemoteModel("m", timeout_s=0.2, retries=0))
    assert cure in raised.value.cure
    assert KEY not in str(raised.value) and KEY not in repr(raised.value.__cause__)


def test_a_page_is_no_api(scripted):
    page = (200, {"Content-Type": "text/html"}, b"<html>Welcome</html>")
    url, _ = scripted(page, page)
    with pytest.raises(ModelError, match="gave no answer"):
        complete(RemoteModel("m", url))


def test_a_server_that_is_away():
    url = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(ModelError, match="is away.*refused") as raised:
        complete(RemoteModel("m", url, retries=0))
    assert url in raised.value.cause and "OPENAI_BASE_URL" in raised.value.cure and "vllm serve" in raised.value.cure
    with pytest.raises(ModelError, match="is away"):
        assert RemoteModel("m", url, retries=0).scores


def test_the_key_goes_to_the_environments_server_only(scripted, monkeypatch):
    answer = sse(said("Ada", "stop"))
    url, asked = scripted(answer, answer, answer)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    complete(RemoteModel("m", url))
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    complete(RemoteModel("m"))
    complete(RemoteModel("m", url))
    assert [KEY in authorization for authorization, _ in asked] == [False, True, True]


def test_what_makes_no_client(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ModelError, match="no key") as raised:
        RemoteModel("gpt")
    assert "OPENAI_API_KEY" in raised.value.cure
    for name, server in [("", "http://localhost/v1"), ("m", "localhost:8000"), ("m", "ftp://host/v1")]:
        with pytest.raises(UsageError):
            RemoteModel(name, server)


def test_a_password_in_the_url_is_not_shown():
    assert RemoteModel("m", "http://me:secret@localhost:1/v1").url == "http://localhost:1/v1"
    with pytest.raises(QuothError) as raised:
        complete(RemoteModel("m", "http://me:secret@127.0.0.1:1/v1", retries=0))
    assert "secret" not in str(raised.value)


# Log-probabilities of a prompt.


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The tiny model's file, and the base URL of a server with it."""
    folder = tmp_path_factory.mktemp("tiny")
    path = write_tiny_model(folder / "tiny.gguf")
    with llama_server(path, folder / "log", "--n_ctx", "2048", "--chat_format", "chatml") as url:
        yield path, url


@pytest.mark.parametrize("continuation", [" Ada\n", " 1887, zö 日本\n", " é"])
def test_scores_are_those_of_the_model_itself(tiny, continuation):
    """Our own llama.cpp generator is the oracle."""
    from quoth.generators.llama import LlamaModel

    path, url = tiny
    prompts = ["Passage: Ada höm.\nQuestion: Who?\nAnswer:", "Question: Who?\nAnswer:"]
    remote = RemoteModel("tiny", url)
    assert remote.scores
    scored = remote.score(prompts, continuation)
    model = LlamaModel(path, threads=1)
    tokens = model.tokenize(continuation)
    with model.read([Prompt((model.begin, tuple(model.tokenize(prompt)))) for prompt in prompts]) as reading:
        [expected] = reading.score([tokens])
    model.close()
    np.testing.assert_allclose([s.log_probs for s in scored], expected, atol=5e-3)
    assert len(scored[0].tokens) == len(tokens)


def completion(tokens, log_probs, generated=1):
    logprobs = {"tokens": tokens, "token_logprobs": log_probs}
    choice = {"index": 0, "text": "", "finish_reason": "length", "logprobs": logprobs}
    usage = {"prompt_tokens": 1, "completion_tokens": generated, "total_tokens": 2}
    return Completion.construct(choices=[choice], usage=usage)


def test_the_tail_of_an_echo_as_vllm_sends_it():
    """The begin token is among its tokens, the first has no log-probability, the last was generated."""
    answer = completion(["<s>", "Answer", ":", " Ada", " Holm", "\n", "Q"], [None, -1, -2, -3, -4, -5, -6])
    found = tail(answer, " Ada Holm\n")
    assert found.tokens == (" Ada", " Holm", "\n")
    np.testing.assert_array_equal(found.log_probs, [-3, -4, -5])


@pytest.mark.parametrize(
    ("tokens", "log_probs"),
    [
        # llama_cpp.server with a model that has no begin token: one token short, each with its neighbour's number.
        (["o", "n", "e", " ", "t", "w", "o"], [None, -4, -4, -6, -8, -9, -6]),
        (["on", "e t", "wo", "x"], [None, -1, -1, -1]),
        (["one", " two", "x"], [None, None, -1]),
        (["two", "x"], None),
        ([], []),
    ],
)
def test_an_echo_that_does_not_fit_is_no_score(tokens, log_probs):
    assert tail(completion(tokens, log_probs), " two") is None


@pytest.mark.parametrize("response", [error(404, "chat models only"), error(500, "logits_all=False"), sse()])
def test_a_server_without_scores_is_asked_once(scripted, response):
    url, asked = scripted(response)
    model = RemoteModel("m", url)
    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(lambda _: model.scores, range(8)))
    assert len(asked) == 1
