"""Embeddings of pictures: how well each finds the same object again, its size, the time to fit it.

    python benchmarks/embeddings.py ../shared/data/flickr8k-test ../shared/data/dreambooth
    python benchmarks/embeddings.py --bridge ../shared/data/flickr8k-test

Fitted on the photos of the first folder (the Siamese head on augmented views of them: what shows the same photo
belongs together), and judged on those of the second, in whose folders each photo is a query for the others. `rest`: of
what the vectors' mAP lacks to 1, the part that is gained. Needs `pip install "quoth[embeddings,train]"`.

`--bridge`: words to picture by bridges that are fitted on some photos of one half of the folder with their first
captions (`quoth embed fit --kind bridge`), asked for with the captions of the other half, over several draws of the
halves; beside the shipped bridge, and without it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import Table, tell
from quoth.embeddings import Embedding
from quoth.embeddings.augment import augmented
from quoth.embeddings.autoencoder import fit_autoencoder
from quoth.embeddings.base import unit
from quoth.embeddings.bridge import find_bridge
from quoth.embeddings.pairs import bridged, fit_bridge
from quoth.embeddings.pca import fit_pca
from quoth.embeddings.quality import found_again, numbered
from quoth.embeddings.siamese import fit_siamese
from quoth.encoders import PictureEncoder, load_encoder, load_picture_encoder
from quoth.passages import Parsed, parse_all
from quoth.types import Pixels

COMPONENTS = 100
PAIRS = (30, 50, 100, 200, 500)
DRAWS = 5
BATCH = 50
Array = NDArray[np.float32]
Labels = NDArray[np.int64]


def decoded(files: Sequence[Path]) -> Iterator[list[Pixels]]:
    """The pictures as a knowledge base decodes them, some at a time."""
    pictures = (one.document.figures[0].picture.pixels for _, one in parse_all(files) if isinstance(one, Parsed))
    while batch := list(islice(pictures, BATCH)):
        yield batch


def encoded(encoder: PictureEncoder, folder: Path, views: int = 0) -> tuple[Array, list[int]]:
    """The vectors of a folder's photos and, behind them, of their views; whose each is."""
    vectors, owners = [], []
    for number, pictures in enumerate(decoded(sorted(folder.rglob("*.jpg")))):
        seen, whose = augmented(pictures, views)
        vectors.append(encoder.encode([*pictures, *seen]).vectors)
        owners += [number * BATCH + index for index in (*range(len(pictures)), *whose.tolist())]
        tell(f"  {(number + 1) * BATCH} photos of {folder.name}")
    return np.concatenate(vectors), owners


def ways(photos: Array, views: Array, owners: list[int], name: str) -> dict[str, Callable[[], Embedding]]:
    """What is fitted, by name."""
    both = np.concatenate([photos, views])
    whose = [*range(len(photos)), *owners]

    def head(dimension: int, begin: str, **options: int) -> Callable[[], Embedding]:
        return lambda: fit_siamese(both, whose, name, dimension, begin, **options)

    return {
        "PCA": lambda: fit_pca(photos, name, COMPONENTS),
        "PCA, whitened": lambda: fit_pca(photos, name, COMPONENTS, whiten=True),
        "PCA of photos and views, whitened": lambda: fit_pca(both, name, COMPONENTS, whiten=True),
        "the same, shrunk": head(COMPONENTS, "whitened", epochs=0),
        "all components whitened, shrunk": head(0, "whitened", epochs=0),
        "autoencoder": lambda: fit_autoencoder(photos, name, COMPONENTS),
        "Siamese, from the best start": head(COMPONENTS, ""),
        "Siamese, from whitened": head(COMPONENTS, "whitened"),
        "Siamese, as many numbers as the vectors": head(0, ""),
        "Siamese, as many, from whitened": head(0, "whitened"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fit", type=Path)
    parser.add_argument("judge", type=Path, nargs="?")
    parser.add_argument("--bridge", action="store_true", help="measure bridges to words, on the first folder alone")
    parser.add_argument("--views", type=int, default=8, help="augmented views of each photo")
    arguments = parser.parse_args()
    if arguments.bridge:
        bridges(arguments.fit)
        return
    encoder = load_picture_encoder()
    rows, owners = encoded(encoder, arguments.fit, arguments.views)
    files = sorted(arguments.judge.rglob("*.jpg"))
    others = unit(encoded(encoder, arguments.judge)[0])
    report(rows, np.array(owners), others, numbered([file.parent.name for file in files]), encoder.identity)


def report(rows: Array, owners: Labels, others: Array, labels: Labels, identity: str) -> None:
    # Of each photo the first row is itself, the others are its views.
    first = np.zeros(len(rows), bool)
    first[np.unique(owners, return_index=True)[1]] = True
    table = Table(f"{len(others)} photos", "R@1", "mAP", "of the vectors'", "rest", "bytes", "fitted s")
    r1, raw = found_again(others, labels)
    table.row("vectors", f"{r1:.3f}", f"{raw:.3f}", "1.000", "", others[0].nbytes, "")
    for name, fit in ways(rows[first], rows[~first], owners[~first].tolist(), identity).items():
        start = time.perf_counter()
        embedding = fit()
        took = time.perf_counter() - start
        r1, found = found_again(embedding.transform(others), labels)
        rest, size = (found - raw) / (1 - raw), 4 * embedding.dimension
        aim = ("mAP .97 of the vectors'", found >= 0.97 * raw) if name == "PCA" else None
        table.row(name, f"{r1:.3f}", f"{found:.3f}", f"{found / raw:.3f}", f"{rest:+.2f}", size, f"{took:.1f}", aim=aim)
        tell(f"  {name}: {dict(embedding.record.figures)}")


def bridges(folder: Path) -> None:
    said = [json.loads(line) for line in (folder / "pairs.jsonl").read_text("utf-8").splitlines()]
    encoder, text = load_picture_encoder(), load_encoder()
    shipped = find_bridge(encoder, text)
    assert shipped is not None
    looks = [encoder.encode(pictures) for pictures in decoded([next(folder.rglob(row["image"])) for row in said])]
    vectors, base = np.concatenate([x.vectors for x in looks]), np.concatenate([shipped.words(x) for x in looks])
    captions = text.encode([row["captions"][0] for row in said])
    table = Table(
        f"{len(said) // 2} photos, R@5, mean of {DRAWS} halves", "with the shipped", "without", "kept as it was"
    )
    halves = [np.random.default_rng(seed).permutation(len(said)) for seed in range(DRAWS)]
    asked = [half[len(said) // 2 :] for half in halves]
    table.row("the shipped bridge", f"{np.mean([recall_at_5(captions[i], base[i]) for i in asked]):.3f}", "", "")
    for count in PAIRS:
        kept, found, alone = 0, [], []
        for half, other in zip(halves, asked, strict=True):
            some = half[:count]
            both, own = (fit_bridge(vectors[some], b, captions[some], some.tolist(), "") for b in (base[some], None))
            kept += not both.record.options["ridge"]
            found.append(recall_at_5(captions[other], bridged(both, vectors[other], base[other])))
            alone.append(recall_at_5(captions[other], bridged(own, vectors[other], None)))
            tell(f"  {count} pairs: {dict(both.record.options)} {dict(both.record.figures)} {found[-1]:.3f}")
        table.row(f"{count} pairs", f"{np.mean(found):.3f}", f"{np.mean(alone):.3f}", f"{kept} of {DRAWS}")


def recall_at_5(words: Array, pictures: Array) -> float:
    """How often the photo of the words is among the five nearest to them; row belongs to row."""
    scores = words @ pictures.T
    return float(np.mean((scores > np.diagonal(scores)[:, None]).sum(axis=1) < 5))


if __name__ == "__main__":
    main()
