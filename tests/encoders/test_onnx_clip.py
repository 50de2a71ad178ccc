"""CLIP and SigLIP in ONNX: prepared as transformers prepares, computed as numpy does."""

import json

import numpy as np
import pytest
from PIL import Image

import tiny_pictures
from quoth.encoders import load_picture_encoder
from quoth.encoders.views import View, processor_view
from quoth.errors import ModelError

onnx = pytest.importorskip("onnx")
transformers = pytest.importorskip("transformers")

PICTURES = tiny_pictures.pictures([*tiny_pictures.SIZES, (641, 37), (33, 900)])
PICTURES = [picture for picture in PICTURES if max(picture.shape[:2]) <= 32 * min(picture.shape[:2])]
PROCESSORS = {"clip": tiny_pictures.clip_processor, "siglip": tiny_pictures.siglip_processor}


def weights(folder, graph):
    """The constants of one of its graphs."""
    parts = onnx.load(folder / "onnx" / graph).graph.initializer
    return {part.name: onnx.numpy_helper.to_array(part) for part in parts}


@pytest.fixture(params=PROCESSORS)
def made(request, tmp_path):
    tiny_pictures.onnx_clip(tmp_path, kind=request.param)
    return request.param, tmp_path


def test_pictures_are_prepared_as_by_the_processor(made):
    kind, folder = made
    theirs = PROCESSORS[kind]()([Image.fromarray(picture) for picture in PICTURES], return_tensors="np")
    encoder = load_picture_encoder(str(folder))
    for picture, pixels in zip(PICTURES, theirs["pixel_values"], strict=True):
        np.testing.assert_allclose(encoder.prepare(picture)[0], pixels, rtol=0, atol=1e-5)


def test_vectors_of_pictures_by_hand(made):
    kind, folder = made
    encoder = load_picture_encoder(str(folder))
    pixels = PROCESSORS[kind]()([Image.fromarray(picture) for picture in PICTURES], return_tensors="np")["pixel_values"]
    places = pixels.reshape(-1, 3, 4, 8, 4, 8).mean((3, 5)).reshape(len(PICTURES), -1)
    expected = places @ weights(folder, "vision_model.onnx")["weights"]
    np.testing.assert_allclose(encoder.encode(PICTURES).vectors, expected, rtol=1e-5, atol=1e-5)
    assert (encoder.name, encoder.dimension) == (f"{kind}-onnx", 12)


def test_vectors_of_words_by_hand(made):
    kind, folder = made
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    filled = {"padding": "max_length"} if kind == "siglip" else {}
    texts = ["Ada Holm built the tower", "the lighthouse of Sund " * 20, ""]
    found = load_picture_encoder(str(folder)).words.encode(texts)
    for text, vector in zip(texts, found, strict=True):
        tokens = tokenizer(text, truncation=True, max_length=24, **filled)["input_ids"]
        summed = weights(folder, "text_model.onnx")["table"][tokens].sum(0)
        np.testing.assert_allclose(vector, summed / np.linalg.norm(summed), rtol=1e-5, atol=1e-5)


def test_without_its_words_and_its_config(tmp_path):
    folder = tmp_path
    tiny_pictures.onnx_clip(folder)
    (folder / "onnx" / "text_model.onnx").unlink()
    (folder / "config.json").unlink()
    encoder = load_picture_encoder(str(folder))
    assert (encoder.name, encoder.words) == ("clip-onnx", None)


@pytest.mark.parametrize("name", ["preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_folder_that_is_not_whole(tmp_path, name):
    tiny_pictures.onnx_clip(tmp_path, kind="siglip")
    (tmp_path / name).unlink()
    with pytest.raises(ModelError, match=name) as caught:
        load_picture_encoder(str(tmp_path))
    assert caught.value.cure


def test_a_tokenizer_without_the_token_that_fills(tmp_path):
    tiny_pictures.onnx_clip(tmp_path, kind="siglip")
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"pad_token": {"content": "<nothing>"}}))
    with pytest.raises(ModelError, match="<nothing>"):
        load_picture_encoder(str(tmp_path))


NORMAL = {"image_mean": [0.5, 0.25, 0], "image_std": [0.5, 1, 2], "resample": 3}


@pytest.mark.parametrize(
    ("sizes", "size", "shorter"),
    [
        ({"size": 224, "do_center_crop": True, "crop_size": 224}, 224, 224),
        ({"size": 256, "crop_size": {"height": 224, "width": 224}}, 224, 256),
        ({"size": {"shortest_edge": 256}, "do_center_crop": True, "crop_size": 224}, 224, 256),
        ({"size": {"height": 384, "width": 384}}, 384, 0),
        ({"size": 384, "do_center_crop": False, "crop_size": 224}, 384, 0),
    ],
)
def test_what_processors_say(sizes, size, shorter):
    view = processor_view({**NORMAL, **sizes})
    assert (view.size, view.shorter, view.crop, view.resample) == (size, shorter, 0, "bicubic")
    np.testing.assert_allclose(view.mean, [127.5, 63.75, 0])
    np.testing.assert_allclose(view.std, [127.5, 255, 510])


def test_scaled_otherwise():
    plain = processor_view({"size": 8, "resample": 0, "do_normalize": False, "do_rescale": False})
    assert plain == View(8, 0.0, "nearest")
    view = processor_view({**NORMAL, "size": 8, "rescale_factor": 1 / 127.5})
    np.testing.assert_allclose(view.mean, [63.75, 31.875, 0])


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"size": 8, "do_resize": False},
        {"size": 8, "resample": 77},
        {"size": {"shortest_edge": 8}},
        {"size": {"longest_edge": 8}},
        {"size": {"height": 8, "width": 9}},
        {"size": {"height": 9, "width": 9}, "crop_size": 8, "do_center_crop": True},
        {"size": {"shortest_edge": 8}, "crop_size": 9, "do_center_crop": True},
        {"size": 8, "image_mean": "grey"},
    ],
)
def test_what_gives_no_square(tmp_path, config):
    tiny_pictures.onnx_clip(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({**NORMAL, **config}))
    with pytest.raises(ModelError, match="preprocessor_config"):
        load_picture_encoder(str(tmp_path))
