"""The client of picture endpoints, against a real server: what it sends, what it takes, what it refuses."""

import base64

import numpy as np
import pytest

pytest.importorskip("openai")
pytest.importorskip("fastapi")

from image_server import application, image_server
from pictures import noise
from quoth.drawing import Sketch, load_image_generator
from quoth.errors import ModelError, UsageError
from quoth.settings import Settings

KEY = "sk-quoth-secret"


@pytest.fixture
def serve(monkeypatch):
    """Starts a server and gives the model behind it and what it was asked."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    running = []

    def start(model="painter", **options):
        app = application(**options)
        running.append(image_server(app))
        url = running[-1].__enter__()
        return load_image_generator(Settings(image_model=f"openai:{model}", server=url)), app.state.asked

    yield start
    for one in running:
        one.__exit__(None, None, None)


def test_addresses_are_fetched_without_the_key(serve, monkeypatch):
    by_link, asked = serve(links=True)
    by_value, _ = serve()
    [one], [other] = (model.generate("a cat", (), Sketch()) for model in (by_link, by_value))
    assert np.array_equal(one.pixels, other.pixels)
    assert [path for path, *_ in asked] == ["/v1/images/generations", "/files/0"]
    assert asked[1][1] is None


def test_references_are_sent_as_pictures(serve):
    from PIL import Image

    model, asked = serve()
    shown = [np.asarray(noise(seed=seed)) for seed in range(2)]
    [drawing] = model.generate("a cat", shown, Sketch(seed=7, steps=9))
    assert (drawing.way, drawing.references) == ("image-edit", (0, 1))
    path, _, given, files = asked[0]
    assert path == "/v1/images/edits"
    assert given == {"model": "painter", "prompt": "a cat", "seed": "7", "num_inference_steps": "9"}
    import io

    for sent, meant in zip(files, shown, strict=True):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(sent))), meant)


def test_what_the_server_refuses_by_name_is_left_out_and_not_claimed(serve):
    model, asked = serve(refuses=("seed", "num_inference_steps"))
    first, second = model.generate("a cat", (), Sketch(seed=3, steps=5, count=2))
    assert {(one.seed, one.steps) for one in (first, second)} == {(None, None)}
    assert len(asked) == 4  # twice refused, then two pictures
    assert asked[-1][2] == {"model": "painter", "prompt": "a cat"}


def test_other_refusals_are_errors(serve):
    with pytest.raises(ModelError, match="no model 'nobody'"):
        serve("nobody")[0].generate("a cat")
    with pytest.raises(ModelError, match="Unknown parameter: 'model'"):
        serve(refuses=("model",))[0].generate("a cat")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"created": 1, "data": []}, "gave no picture"),
        ({"created": 1, "data": [{}]}, "gave no picture"),
        ({"created": 1, "data": [{"b64_json": base64.b64encode(b"words").decode()}]}, "is no picture"),
        ({"created": 1, "data": [{"b64_json": "&&&"}]}, "is no picture"),
        ({"created": 1, "data": [{"url": "file:///etc/passwd"}]}, "is no picture"),
        ({"created": 1, "data": [{"url": "http://127.0.0.1:1/x.png"}]}, "is no picture"),
    ],
)
def test_answers_without_a_picture(serve, answer, said):
    with pytest.raises(ModelError, match=said):
        serve(spoils=answer)[0].generate("a cat")


def test_a_server_that_is_away():
    from quoth.drawing.endpoint import EndpointGenerator

    with pytest.raises(ModelError, match="is away"):
        EndpointGenerator("painter", "http://127.0.0.1:1/v1").generate("a cat")
    with pytest.raises(UsageError, match="no model is named"):
        EndpointGenerator("")


def test_the_key_goes_only_where_the_environment_says(serve, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model, asked = serve()
    model.generate("a cat")
    assert KEY not in asked[0][1]
