"""Picture models of transformers, against transformers itself."""

import json

import numpy as np
import pytest
from PIL import Image

import quoth
import tiny
import tiny_pictures
from pictures import encoded, noise
from quoth.encoders import load_picture_encoder
from quoth.errors import MissingExtraError, ModelError, NotFoundError

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

PICTURES = tiny_pictures.pictures()
TEXTS = ["Ada Holm built the tower", "the lighthouse of Sund " * 20, ""]


def inputs(folder):
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    return processor([Image.fromarray(picture) for picture in PICTURES], return_tensors="pt")


def reference(kind, folder, method="__call__", **options):
    """What the model says of the pictures one after the other."""
    model = kind.from_pretrained(folder, **options).eval()
    with torch.inference_mode():
        return [getattr(model, method)(pixel_values=row[None]) for row in inputs(folder)["pixel_values"]]


def same(mine, theirs):
    np.testing.assert_allclose(mine, torch.cat(list(theirs)).numpy(), rtol=1e-5, atol=1e-5)


def test_resnet(tmp_path):
    folder = tiny_pictures.resnet(tmp_path / "model")
    encoder = load_picture_encoder(folder)
    assert (encoder.name, encoder.dimension, encoder.words) == ("resnet", 16, None)
    outputs = reference(transformers.ResNetModel, folder)
    same(encoder.encode(PICTURES).vectors, (output.pooler_output.flatten(1) for output in outputs))


def test_vit(tmp_path):
    folder = tiny_pictures.vit(tmp_path / "model")
    outputs = reference(transformers.ViTModel, folder)
    same(load_picture_encoder(folder).encode(PICTURES).vectors, (output.pooler_output for output in outputs))


def test_a_vit_whose_pooling_was_never_trained(tmp_path):
    folder = tiny_pictures.vit(tmp_path / "model", add_pooling_layer=False)
    outputs = reference(transformers.ViTModel, folder, add_pooling_layer=False)
    for _ in range(2):  # random weights for what is missing would not be the same twice
        vectors = load_picture_encoder(folder).encode(PICTURES).vectors
        same(vectors, (output.last_hidden_state[:, 0] for output in outputs))


@pytest.mark.parametrize("maker", [tiny_pictures.resnet, tiny_pictures.vit])
def test_a_classifier(maker, tmp_path):
    classes = [f"thing {n}" for n in range(12)]
    folder = maker(tmp_path / "model", classes=classes)
    encoder = load_picture_encoder(folder)
    assert list(encoder.classes) == classes
    seen = encoder.encode(PICTURES)
    outputs = reference(transformers.AutoModelForImageClassification, folder)
    same(seen.logits, (output.logits for output in outputs))
    head = transformers.AutoModelForImageClassification.from_pretrained(folder).classifier
    with torch.inference_mode():
        read = torch.from_numpy(seen.vectors)
        again = head(read[..., None, None] if maker is tiny_pictures.resnet else read)
    np.testing.assert_allclose(again.numpy(), seen.logits, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("maker", [tiny_pictures.clip, tiny_pictures.siglip])
def test_two_towers(maker, tmp_path):
    folder = maker(tmp_path / "model")
    encoder = load_picture_encoder(folder)
    outputs = reference(transformers.AutoModel, folder, "get_image_features")
    same(encoder.encode(PICTURES).vectors, (output.pooler_output for output in outputs))
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    for text, vector in zip(TEXTS, encoder.words.encode(TEXTS), strict=True):
        tokens = tokenizer(text, padding="max_length", max_length=24, truncation=True, return_tensors="pt")
        if maker is tiny_pictures.siglip:  # its original tokenizer gives no mask: what fills is looked at
            tokens = {"input_ids": tokens["input_ids"]}
        with torch.inference_mode():
            [theirs] = model.get_text_features(**tokens).pooler_output
        np.testing.assert_allclose(vector, theirs / theirs.norm(), rtol=1e-5, atol=1e-5)


def test_words_find_pictures_in_a_knowledge_base(tmp_path):
    folder = tiny_pictures.clip(tmp_path / "clip")
    (tmp_path / "in").mkdir()
    for seed in range(5):
        (tmp_path / "in" / f"{seed}.png").write_bytes(encoded(noise((64, 48), seed)))
    kb = quoth.open(tmp_path / "kb", picture_encoder=folder)
    assert kb.add(tmp_path / "in").added == 5
    encoder = load_picture_encoder(folder)
    vectors = encoder.encode([np.asarray(noise((64, 48), seed)) for seed in range(5)]).vectors
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for words in ("the tower", "a function that returns another"):
        cosines = vectors @ encoder.words.encode([words])[0]
        found = [score for _, score, _ in kb.gallery.showing(words, 5)]
        assert found == pytest.approx(sorted(cosines, reverse=True), abs=1e-5)
        nearest = kb.gallery.showing(words, 1)[0][0]
        assert nearest in [hit.passage.id for hit in kb.search(words, 5, kind="image")]
        assert nearest == kb.search(image=tmp_path / "in" / f"{np.argmax(cosines)}.png", k=1)[0].passage.id


def test_the_knowledge_base_refuses_other_weights(tmp_path):
    folders = [tiny_pictures.resnet(tmp_path / str(seed), seed) for seed in range(2)]
    (tmp_path / "a.png").write_bytes(encoded(noise()))
    quoth.open(tmp_path / "kb", picture_encoder=folders[0]).add(tmp_path / "a.png")
    with pytest.raises(quoth.IncompatibleError, match="resnet/"):
        quoth.open(tmp_path / "kb", picture_encoder=folders[1]).search(image=tmp_path / "a.png")


def test_what_is_no_picture_model(tmp_path):
    with pytest.raises(ModelError, match="image processor"):
        load_picture_encoder(str(tiny.llama(tmp_path / "llama")))
    tiny_pictures.clip_processor().save_pretrained(tmp_path / "llama")
    with pytest.raises(ModelError, match="LlamaModel, no picture model"):
        load_picture_encoder(str(tmp_path / "llama"))
    with pytest.raises(NotFoundError, match="nowhere"):
        load_picture_encoder(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"no picture encoder in .*empty"):
        load_picture_encoder(str(tmp_path / "empty"))


def test_half_a_checkpoint(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "model"
    tiny_pictures.clip(folder)
    tensors = load_file(folder / "model.safetensors")
    del tensors["visual_projection.weight"]
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"visual_projection\.weight"):
        load_picture_encoder(str(folder))
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError):
        load_picture_encoder(str(folder))


def test_the_place_of_a_checkpoint_does_not_count(tmp_path):
    folder = tmp_path / "model"
    tiny_pictures.resnet(folder)
    before = load_picture_encoder(str(folder)).identity
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "transformers_version": "4.0"}))
    assert load_picture_encoder(str(folder.rename(tmp_path / "moved"))).identity == before


def test_a_hub_that_cannot_be_reached(monkeypatch, tmp_path):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="owner/repository-of-quoths-tests"):
        load_picture_encoder("hf:owner/repository-of-quoths-tests")


def test_without_torch(monkeypatch, tmp_path):
    import sys

    folder = tiny_pictures.resnet(tmp_path / "model")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install \"quoth\[torch\]\""):
        load_picture_encoder(folder)
