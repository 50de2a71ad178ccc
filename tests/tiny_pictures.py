"""Tiny picture models with random weights, made and saved here: nothing is downloaded.

Each maker takes a folder and a seed and gives what the setting `picture_encoder` would be.
"""

import json
from importlib.util import find_spec

import numpy as np
import pytest

from tiny import byte_tokenizer, seeded

SIDE = 32
SIZES = [(1, 1), (3, 3), (3, 50), (50, 3), (1, 300), (31, 33), (32, 32), (60, 47), (200, 301)]


def pictures(sizes=SIZES):
    """Coloured noise of these (height, width)."""
    return [np.random.default_rng(i).integers(0, 256, (*size, 3), np.uint8) for i, size in enumerate(sizes)]


def resnet(folder, seed=0, classes=()):
    """A ResNet of transformers; with `classes` a classifier."""
    transformers = pytest.importorskip("transformers")
    seeded(seed)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", id2label=dict(enumerate(classes))
    )
    kind = transformers.ResNetForImageClassification if classes else transformers.ResNetModel
    kind(config).save_pretrained(folder)
    _convnext_processor(folder)
    return str(folder)


def vit(folder, seed=0, classes=(), **options):
    """A ViT of transformers; with `classes` a classifier."""
    transformers = pytest.importorskip("transformers")
    seeded(seed)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, image_size=SIDE, patch_size=8,
        initializer_range=0.4, id2label=dict(enumerate(classes)),
    )  # fmt: skip
    kind = transformers.ViTForImageClassification if classes else transformers.ViTModel
    kind(config, **options).save_pretrained(folder)
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    ViTImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)
    return str(folder)


def clip(folder, seed=0):
    """A CLIP of transformers."""
    transformers = pytest.importorskip("transformers")
    tokenizer = byte_tokenizer("<s> $A </s>")
    seeded(seed)
    common = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.CLIPConfig(
        text_config={**common, "vocab_size": len(tokenizer), "max_position_embeddings": 24, "eos_token_id": 2},
        vision_config={**common, "image_size": SIDE, "patch_size": 8},
        projection_dim=12,
        initializer_factor=8.0,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    clip_processor().save_pretrained(folder)
    return str(folder)


def siglip(folder, seed=0):
    """A SigLIP of transformers."""
    transformers = pytest.importorskip("transformers")
    tokenizer = byte_tokenizer("$A </s>")
    seeded(seed)
    common = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.SiglipConfig(
        text_config={**common, "vocab_size": len(tokenizer), "max_position_embeddings": 24},
        vision_config={**common, "image_size": SIDE, "patch_size": 8},
    )
    transformers.SiglipModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    siglip_processor().save_pretrained(folder)
    return str(folder)


def clip_processor():
    """Shorter side to 32, then the central square."""
    pytest.importorskip("transformers")
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    return CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})


def siglip_processor():
    """The whole picture pressed into a square of 32."""
    pytest.importorskip("transformers")
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    return SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE})


def _convnext_processor(folder):
    from transformers.models.convnext.image_processing_pil_convnext import ConvNextImageProcessorPil

    ConvNextImageProcessorPil(size={"shortest_edge": SIDE}).save_pretrained(folder)


def own_graph(folder, seed=0, channels_first=True, **card):
    """One's own model: (1, ...) float32 pixels -> (1, 5), each pixel times its weights."""
    shape = [1, 3, 8, 8] if channels_first else [1, 8, 8, 3]
    weights = np.random.default_rng(seed).normal(size=(192, 5)).astype(np.float32)
    nodes = [("Flatten", ["pixels"], ["flat"]), ("MatMul", ["flat", "weights"], ["vector"])]
    folder.mkdir(parents=True, exist_ok=True)
    _save(folder / "own.onnx", nodes, ("pixels", shape), ("vector", [1, 5]), weights=weights)
    view = {"size": 8, "crop": 0, "mean": [1, 2, 3], "std": [4, 5, 6]}
    (folder / "model.json").write_text(json.dumps({"name": "own", "file": "own.onnx", "view": view, **card}))
    return str(folder)


def onnx_clip(folder, seed=0, kind="clip"):
    """CLIP's layout in ONNX with simpler towers: the mean of each 8 x 8 pixels, the sum of the tokens' vectors."""
    rng = np.random.default_rng(seed)
    tokenizer = byte_tokenizer("<s> $A </s>")
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    vision = [
        ("AveragePool", ["pixel_values"], ["places"], {"kernel_shape": [8, 8], "strides": [8, 8]}),
        ("Flatten", ["places"], ["flat"]),
        ("MatMul", ["flat", "weights"], ["image_embeds"]),
    ]
    weights = rng.normal(size=(48, 12)).astype(np.float32)
    pixels = ("pixel_values", ["n", 3, SIDE, SIDE])
    _save(folder / "onnx" / "vision_model.onnx", vision, pixels, ("image_embeds", ["n", 12]), weights=weights)
    text = [
        ("Gather", ["table", "input_ids"], ["each"]),
        ("ReduceSum", ["each", "axis"], ["text_embeds"], {"keepdims": 0}),
    ]
    table = rng.normal(size=(len(tokenizer), 12)).astype(np.float32)
    ids = ("input_ids", ["n", "t"])
    parts = {"table": table, "axis": np.array([1])}
    _save(folder / "onnx" / "text_model.onnx", text, ids, ("text_embeds", ["n", 12]), **parts)
    tokenizer.save_pretrained(folder)
    (clip_processor() if kind == "clip" else siglip_processor()).save_pretrained(folder)
    config = {"model_type": kind, "text_config": {"max_position_embeddings": 24}}
    (folder / "config.json").write_text(json.dumps(config))
    return str(folder)


def _save(path, nodes, given, result, **weights):
    """A graph of one input (int64 where it is called input_ids) and one output."""
    onnx = pytest.importorskip("onnx")
    helper, floats, numbers = onnx.helper, onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    kind = numbers if given[0] == "input_ids" else floats
    graph = helper.make_graph(
        [helper.make_node(operator, ins, outs, **dict(*rest)) for operator, ins, outs, *rest in nodes],
        "tiny",
        [helper.make_tensor_value_info(given[0], kind, given[1])],
        [helper.make_tensor_value_info(result[0], floats, result[1])],
        [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10), path)


def keras_resnet50(seed=0):
    """Keras's ResNet50 without its top."""
    from quoth.encoders.keras_pictures import choose_backend

    if not find_spec("keras"):
        pytest.skip("Keras is not installed")
    choose_backend()
    import keras

    keras.utils.set_random_seed(seed)
    return keras.applications.ResNet50(weights=None, include_top=False, pooling="avg")


def keras_weights(folder, seed=0):
    """The file of such a model's weights."""
    folder.mkdir(parents=True, exist_ok=True)
    keras_resnet50(seed).save_weights(folder / "tiny.weights.h5")
    return f"keras:{folder / 'tiny.weights.h5'}"
