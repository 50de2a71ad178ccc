"""The official clients against a real server: openai and LangChain's, unchanged."""

import json

import numpy as np
import openai
import pytest

from quoth.interfaces import shapes
from serving import QUESTION, TEXTS

MESSAGES = [{"role": "user", "content": QUESTION}]


@pytest.fixture(scope="module")
def client(url):
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        yield client


def complete(client, **options):
    return client.chat.completions.create(model="quoth", messages=MESSAGES, **options)


def test_the_models_are_the_collections(client):
    assert [model.id for model in client.models.list()] == ["quoth", "kb"]
    assert client.models.retrieve("kb").id == "kb"
    with pytest.raises(openai.NotFoundError, match="choose one of: kb"):
        client.models.retrieve("gpt-4")


def test_a_completion_is_the_answer_with_its_provenance(client, base):
    found = complete(client)
    answer = base.ask(QUESTION)
    [choice] = found.choices
    assert choice.message.content == answer.text
    assert choice.finish_reason in ("stop", "length")
    told = choice.message.quoth
    expected = shapes.answer_shape(answer)
    assert set(told) == set(expected)
    assert told["tokens"] == json.loads(json.dumps(expected["tokens"]))
    assert told["sources"][0]["quote"] in TEXTS["sund"]
    assert told["question"] == QUESTION
    assert found.usage.total_tokens == found.usage.prompt_tokens + len(answer.tokens)


def test_a_stream_says_the_same(client):
    whole = complete(client)
    chunks = list(complete(client, stream=True, stream_options={"include_usage": True}))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
    assert deltas[0].role == "assistant"
    assert deltas[-1].quoth["sources"] == whole.choices[0].message.quoth["sources"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] in ("stop", "length")


def test_what_is_asked_for_is_done(client, base):
    short = complete(client, max_tokens=2)
    assert short.usage.completion_tokens <= 2
    assert short.choices[0].finish_reason == "length"
    several = complete(client, n=3)
    assert 1 < len(several.choices) <= 3
    assert [choice.index for choice in several.choices] == list(range(len(several.choices)))
    drawn = [complete(client, temperature=1.5, seed=7).choices[0].message.content for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert drawn[0] == base.with_settings(temperature=1.5, seed=7).ask(QUESTION).text
    letter = complete(client).choices[0].message.content[3]
    assert letter not in complete(client, stop=letter).choices[0].message.content
    tokens = complete(client, logprobs=True)
    assert "".join(one.token for one in tokens.choices[0].logprobs.content) == tokens.choices[0].message.content


def test_what_cannot_be_done_is_refused_and_what_is_harmless_is_not(client):
    complete(client, user="me", presence_penalty=0, tools=openai.NOT_GIVEN, extra_body={"whatever": 1})
    for option in (
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"response_format": {"type": "json_object"}},
        {"frequency_penalty": 1.0},
        {"stop": ["a", "b"]},
        {"logit_bias": {"1": 2}},
    ):
        with pytest.raises(openai.BadRequestError, match=f"{next(iter(option))} is nothing"):
            complete(client, **option)
    picture = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    for messages in ([{"role": "user", "content": picture}], [{"role": "system", "content": "be brief"}]):
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="quoth", messages=messages)
    with pytest.raises(openai.BadRequestError, match="empty"):
        client.chat.completions.create(model="quoth", messages=[{"role": "user", "content": " "}])
    with pytest.raises(openai.BadRequestError) as caught:
        complete(client, temperature=9)
    assert caught.value.param == "temperature"


def test_the_bound_in_force_is_told(client, base):
    """The tiny model babbles on until it is stopped: by the settings' 8 tokens here."""
    assert base.settings.max_tokens == 8
    several = complete(client, n=2)
    assert [choice.finish_reason for choice in several.choices] == ["length"] * len(several.choices)
    assert [chunk.choices[0].finish_reason for chunk in complete(client, stream=True)][-1] == "length"
    letter = several.choices[0].message.content[3]
    assert complete(client, stop=letter).choices[0].finish_reason == "stop"


def test_parts_that_are_no_text_are_refused_before_anything_is_said(client):
    picture = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]
    for role in ({"role": "tool", "tool_call_id": "1"}, {"role": "system"}):
        for stream in (False, True):
            with pytest.raises(openai.BadRequestError, match="image_url"):
                client.chat.completions.create(
                    model="quoth", messages=[{**role, "content": picture}, *MESSAGES], stream=stream
                )


def test_messages_in_a_row_are_one(client):
    first, second = (
        {"role": "user", "content": "Of the lighthouse of Sund:"},
        {"role": "user", "content": "Who built it?"},
    )
    told = client.chat.completions.create(model="quoth", messages=[first, second]).choices[0].message.quoth
    assert told["question"] == "Of the lighthouse of Sund:\nWho built it?"


def test_the_document_speaks_of_no_class(http):
    assert "RefusedError" not in http.get("/openapi.json").text


def test_embeddings_are_the_encoders(client, base):
    texts = ["a lighthouse", "a ferry"]
    packed = client.embeddings.create(model="quoth", input=texts)  # the client asks for base64
    plain = client.embeddings.create(model="quoth", input=texts, encoding_format="float")
    expected = base.embed(texts)
    for found in (packed, plain):
        np.testing.assert_allclose([one.embedding for one in found.data], expected, rtol=1e-6)
    with pytest.raises(openai.BadRequestError, match="384 dimensions"):
        client.embeddings.create(model="quoth", input="x", dimensions=12)


def test_langchain(url):
    langchain = pytest.importorskip("langchain_openai")
    model = langchain.ChatOpenAI(base_url=f"{url}/v1", api_key="none", model="quoth", max_retries=0)
    said = model.invoke([("system", "Be brief."), ("human", QUESTION)])
    assert said.content
    assert "".join(chunk.content for chunk in model.stream(QUESTION)) == said.content
    embedder = langchain.OpenAIEmbeddings(
        base_url=f"{url}/v1", api_key="none", model="quoth", check_embedding_ctx_length=False
    )
    assert len(embedder.embed_query("x")) == 384


def test_a_follow_up_stands_alone(client):
    history = [*MESSAGES, {"role": "assistant", "content": "Ada Holm"}, {"role": "user", "content": "And when?"}]
    told = client.chat.completions.create(model="quoth", messages=history).choices[0].message.quoth
    assert "lighthouse" in told["question"]
    assert told["sources"][0]["quote"] in TEXTS["sund"]
