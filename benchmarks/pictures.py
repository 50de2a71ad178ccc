"""Pictures: words find them, the same object is found again, and how fast they go in.

    python benchmarks/pictures.py words ../shared/data/flickr8k-test
    python benchmarks/pictures.py same ../shared/data/dreambooth
    python benchmarks/pictures.py speed ../shared/data/flickr8k-test

`words`: recall of the photo of a caption among the five nearest of all photos, with the first caption of each photo and
with all. `same`: each photo as a query for the other photos of its object.
`speed`: pictures a second from files to vectors, decoding included, over the bare ONNX session on decoded tensors with
as many threads, in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

import quoth
from common import Table, tell
from quoth.embeddings import unit
from quoth.embeddings.bridge import find_bridge
from quoth.encoders import Seen, load_encoder, load_picture_encoder
from quoth.encoders.onnx_pictures import OnnxPictureEncoder
from quoth.passages import Parsed, parse_all

ROUNDS = 3
BATCH = 64
Array = NDArray[np.float32]


def pixels_of(files: Sequence[Path]) -> list[np.ndarray]:
    """The pictures as a knowledge base decodes them."""
    return [parsed.document.figures[0].picture.pixels for _, parsed in parse_all(files) if isinstance(parsed, Parsed)]


def see(files: Sequence[Path]) -> Seen:
    tell(f"encoding {len(files)} pictures")
    return load_picture_encoder().encode(pixels_of(files))


def recall_at_5(queries: Array, pictures: Array, gold: Sequence[int]) -> float:
    """How often the photo is among the five nearest."""
    nearest = np.argsort(-(queries @ pictures.T), axis=1, kind="stable")[:, :5]
    return float(np.mean([g in row for g, row in zip(gold, nearest, strict=True)]))


def words(folder: Path) -> None:
    rows = [json.loads(line) for line in (folder / "pairs.jsonl").read_text("utf-8").splitlines()]
    seen = see([next(folder.rglob(row["image"])) for row in rows])
    text, pictures = load_encoder(), load_picture_encoder()
    bridge = find_bridge(pictures, text)
    assert bridge is not None
    assert seen.logits is not None
    names = text.encode(list(pictures.classes))
    chances = np.exp(seen.logits - np.logaddexp.reduce(seen.logits, axis=1, keepdims=True))
    ways = {"class names (ConSE)": unit(chances @ names), "the bridge": bridge.words(seen)}
    first = text.encode([row["captions"][0] for row in rows])
    every = text.encode([caption for row in rows for caption in row["captions"]])
    owners = [i for i, row in enumerate(rows) for _ in row["captions"]]
    table = Table(f"{len(rows)} photos, R@5", "first caption", "all captions")
    for name, vectors in ways.items():
        one, all_ = recall_at_5(first, vectors, range(len(rows))), recall_at_5(every, vectors, owners)
        table.row(name, f"{one:.3f}", f"{all_:.3f}", aim=("R@5 .30", one >= 0.3) if name == "the bridge" else None)


def same(folder: Path) -> None:
    files = sorted(file for file in folder.rglob("*.jpg"))
    table = Table(f"{len(files)} photos of {len({f.parent for f in files})} objects", "R@1", "mAP")
    table.row("vectors", *(f"{x:.3f}" for x in found_again(unit(see(files).vectors), [f.parent.name for f in files])))


def found_again(vectors: Array, labels: Sequence[str]) -> tuple[float, float]:
    """R@1 and mAP of each row as a query for the others of its label, itself left out."""
    owners = np.array(labels)
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :-1]
    right = owners[order] == owners[:, None]
    precision = np.cumsum(right, axis=1) / np.arange(1, right.shape[1] + 1)
    average = (precision * right).sum(axis=1) / np.maximum(right.sum(axis=1), 1)
    return float(right[:, 0].mean()), float(average.mean())


def speed(folder: Path) -> None:
    files = sorted(folder.rglob("*.jpg"))
    encoder = load_picture_encoder()
    assert isinstance(encoder, OnnxPictureEncoder)
    tensors = [encoder.prepare(pixels) for pixels in pixels_of(files)]
    ways = {
        "bare session, decoded tensors": lambda: bare(encoder, tensors),
        "files to vectors": lambda: files_to_vectors(encoder, files),
        "quoth add": lambda: add(files),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, work in ways.items():
            rates[name].append(len(files) / timed(work))
    table = Table(f"{len(files)} pictures", "pictures/s", "of the bare session")
    base = median(rates["bare session, decoded tensors"])
    for name, found in rates.items():
        part = median(found) / base
        table.row(name, f"{median(found):.0f}", f"{part:.2f}", aim=(".8", part >= 0.8) if "files" in name else None)


def bare(encoder: OnnxPictureEncoder, tensors: Sequence[np.ndarray]) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(encoder.run, tensors))


def files_to_vectors(encoder: OnnxPictureEncoder, files: Sequence[Path]) -> None:
    """As `add` does it: decoded by other processes, encoded meanwhile."""
    parsed = parse_all(files)
    while batch := [one for _, one in islice(parsed, BATCH) if isinstance(one, Parsed)]:
        encoder.encode([one.document.figures[0].picture.pixels for one in batch])


def add(files: Sequence[Path]) -> None:
    """The whole way into a knowledge base: class names, the embeddings of words, the store."""
    with tempfile.TemporaryDirectory() as folder:
        quoth.open(folder).add(*files)


def timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("words", "same", "speed"))
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    {"words": words, "same": same, "speed": speed}[arguments.what](arguments.folder)


if __name__ == "__main__":
    main()
