"""Questions whose passages are pictures: looked at by a tiny local model, and by real servers that look or do not."""

import json
import time
from base64 import b64encode
from contextlib import contextmanager
from threading import Thread

import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse

import quoth
from quoth.assistants.ask import Asker
from quoth.assistants.mixture import Mixture
from quoth.assistants.remote import RemoteAsker
from quoth.generators import Stop, load_generator, state_files
from quoth.generators.remote import RemoteModel
from quoth.interfaces.shapes import answer_shape
from quoth.passages.pixels import decode_picture
from quoth.rag.citations import read_citations
from quoth.rag.numbered import numbered_prompt, numbered_turn
from quoth.rag.support import provenance
from quoth.settings import Settings
from quoth.types import SHOWS, Hit, Passage
from remote_servers import free_port, llama_server, write_tiny_model
from tiny_vision import jpeg, write_projector

QUESTION = "Which colours are the spots?"
FILES = [jpeg(1), jpeg(2)]
PICTURES = [
    Passage("a.jpg", "a", f"spots of many colours\n\n{SHOWS}quilt.", 0, 0, picture=decode_picture(file).digest)
    for file in FILES
]
TEXT = Passage("b.txt", "b", "The spots are said to be of many colours.", 0, 41)
LOOKS = {passage.id: file for passage, file in zip(PICTURES, FILES, strict=True)}


def previews(ids):
    return {name: LOOKS[name] for name in ids if name in LOOKS}


class Listed:
    """Finds given passages in their order; all are as near."""

    def __init__(self, *passages):
        prior = -float(np.log(len(passages)))
        self.hits = [Hit(passage, i + 1, 1.0, prior, 0.7) for i, passage in enumerate(passages)]

    def retrieve(self, question, k):
        return self.hits[:k]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vision")
    return write_tiny_model(folder / "tiny.gguf", context=8192), write_projector(folder / "mmproj-tiny.gguf")


@pytest.fixture(scope="module")
def model(files):
    model = load_generator(Settings(model=str(files[0]), threads=1))
    yield model
    model.close()


def decoded(model, decoding, *passages, previews=previews):
    settings = Settings(decoding=decoding, max_tokens=4)
    mixture = Mixture(model, settings, previews) if previews else Mixture(model, settings)
    steps = mixture.decode(QUESTION, Listed(*passages).hits, Stop())
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("decoding", ["sequence", "token", "quote", "concat-best-last"])
def test_the_mixture_looks_at_pictures(model, decoding):
    looked = decoded(model, decoding, TEXT, *PICTURES)
    read = decoded(model, decoding, TEXT, *PICTURES, previews=None)
    assert looked.seen == LOOKS.keys() and not read.seen
    again = decoded(model, decoding, TEXT, *PICTURES)
    assert looked.answers[0].tokens == again.answers[0].tokens
    assert np.array_equal(looked.answers[0].posterior, again.answers[0].posterior)
    np.testing.assert_allclose(looked.answers[0].posterior.sum(axis=0), 1)
    assert not np.allclose(looked.answers[0].weights, read.answers[0].weights)


def test_a_picture_is_read_as_pixels_and_what_was_said_of_it(model):
    from quoth.rag import prompt_maker
    from quoth.rag.images import images_of

    images = images_of(model, PICTURES, previews)
    prompt = prompt_maker(model).with_passages(PICTURES[:1], QUESTION, images)
    body = prompt.segments[1]
    words = model.detokenize([token for token in body if token >= 0]).decode()
    assert words == "Passage:\nspots of many colours\n"
    assert sum(token < 0 for token in body) == images[PICTURES[0].id].positions == 64
    assert prompt.images == (images[PICTURES[0].id],)


def test_a_source_says_whether_it_was_looked_at(model):
    settings = Settings(max_tokens=4, min_confidence=0.0)
    answer = Asker(Listed(TEXT, *PICTURES), model, settings, previews=previews).stream(QUESTION).answer
    assert {source.passage.id: source.seen for source in answer.sources} == {
        TEXT.id: False, **dict.fromkeys(LOOKS, True)
    }  # fmt: skip
    assert [source["seen"] for source in answer_shape(answer)["sources"]] == [s.seen for s in answer.sources]


def test_pictures_of_a_knowledge_base_are_warmed_looked_at_and_forgotten(files, tmp_path):
    for i in range(2):
        (tmp_path / f"spots{i}.jpg").write_bytes(jpeg(i, caption="Which colours do the spots have?"))
    # A random model's word on the passages would leave some out.
    options = {"max_tokens": 4, "min_confidence": 0.0, "likelihood_weight": 0.0, "decoding": "token"}
    kb = quoth.open(tmp_path / "kb", model=str(files[0]), threads=1, **options)
    kb.add(tmp_path / "spots0.jpg", tmp_path / "spots1.jpg")
    kb.add_texts([TEXT.text], names=["text"])
    report = kb.warm()
    assert (report.written, report.kept) == (3, 0)
    assert kb.warm().kept == 3
    written = {file.path for file in state_files(kb.folder / "states")}
    answer = kb.ask(QUESTION)
    assert {source.seen for source in answer.sources if source.passage.picture} == {True}
    assert {file.path for file in state_files(kb.folder / "states")} == written
    kb.remove("spots0.jpg")
    assert len(state_files(kb.folder / "states")) == len(written) - 1


@pytest.fixture(scope="module")
def looking_url(files, tmp_path_factory):
    options = ["--n_ctx", "2048", "--chat_format", "llava-1-5", "--clip_model_path", files[1]]
    with llama_server(files[0], tmp_path_factory.mktemp("looking") / "log", *options) as url:
        yield url


@contextmanager
def reading(refuses):
    """The URL of a server that refuses some pictures as OpenAI's does, and says how long the words are."""
    app, port = FastAPI(), free_port()

    @app.post("/v1/chat/completions")
    def complete(request: dict):
        words = request["messages"][0]["content"]
        if not isinstance(words, str) and refuses(words):
            refusal = {"message": "image_url is only supported by certain models", "type": "invalid_request_error"}
            return JSONResponse({"error": refusal}, 400)
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "tiny"}
        delta = {"index": 0, "delta": {"content": f"{len(words)} letters. [1]"}, "finish_reason": "stop"}
        said = json.dumps({**chunk, "choices": [delta]})
        return StreamingResponse(iter([f"data: {said}\n\n", "data: [DONE]\n\n"]), media_type="text/event-stream")

    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical"))
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def reading_url():
    with reading(lambda parts: True) as url:
        yield url


def said(model, turn):
    return "".join(model.complete(turn, max_tokens=8, temperature=0))


def test_a_server_looks_at_pictures(looking_url):
    model = RemoteModel("tiny", looking_url)
    turns = [["Look: ", file, QUESTION] for file in FILES]
    answers = [said(model, turn) for turn in turns]
    assert model.looks is True
    assert answers[0] != answers[1] and said(model, turns[0]) == answers[0]
    answer = RemoteAsker(Listed(TEXT, PICTURES[0]), model, Settings(max_tokens=8), previews).stream(QUESTION).answer
    assert {source.passage.id: source.seen for source in answer.sources} == {TEXT.id: False, PICTURES[0].id: True}


def test_a_server_that_reads_alone_is_given_the_words(reading_url):
    model = RemoteModel("tiny", reading_url, retries=0)
    turn = numbered_turn([(1, PICTURES[0])], QUESTION, LOOKS)
    assert said(model, turn) == said(model, numbered_prompt([(1, PICTURES[0])], QUESTION))
    assert model.looks is False
    answer = RemoteAsker(Listed(TEXT, PICTURES[0]), model, Settings(max_tokens=8), previews).stream(QUESTION).answer
    assert not any(source.seen for source in answer.sources)


def test_a_bad_picture_blinds_no_server_that_looks():
    """The second picture is one that it cannot read."""
    bad = f"data:image/jpeg;base64,{b64encode(FILES[1]).decode()}"
    with reading(lambda parts: bad in json.dumps(parts)) as url:
        model = RemoteModel("tiny", url, retries=0)
        for picture in (PICTURES[0], PICTURES[1], PICTURES[0]):
            answer = RemoteAsker(Listed(picture), model, Settings(max_tokens=8), previews).stream(QUESTION).answer
            assert [source.seen for source in answer.sources] == [picture is PICTURES[0]]


def test_a_numbered_turn_without_pictures_is_the_prompt():
    numbered = [(1, TEXT), (2, PICTURES[0])]
    parts = numbered_turn(numbered, QUESTION, LOOKS)
    assert [part for part in parts if isinstance(part, bytes)] == [FILES[0]]
    assert parts.index(FILES[0]) == parts.index("[2] a\n") + 1
    assert "".join(part for part in parts if isinstance(part, str)) == numbered_prompt(numbered, QUESTION)


def test_a_cited_picture_that_was_looked_at_supports_what_is_said():
    text, statements = read_citations("The spots are green. [2] They are 40. [1]")
    told = provenance(text, statements, [TEXT, PICTURES[0]], QUESTION, seen=[1])
    by_word = dict(zip(told.words, told.posterior.T.tolist(), strict=True))
    assert by_word[" green."] == [0, 1, 0] and by_word[" 40."] == [0, 0, 1]
    blind = provenance(text, statements, [TEXT, PICTURES[0]], QUESTION)
    assert dict(zip(blind.words, blind.posterior.T.tolist(), strict=True))[" green."] == [0, 0, 1]
