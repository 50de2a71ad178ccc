"""Embeddings of pictures: how well each finds the same object again, its size, the time to fit it.

    python benchmarks/embeddings.py ../shared/data/flickr8k-test ../shared/data/dreambooth

Fitted on the photos of the first folder (the Siamese head on augmented views of them: what shows the same photo
belongs together), and judged on those of the second, in whose folders each photo is a query for the others. `rest`: of
what the vectors' mAP lacks to 1, the part that is gained. Needs `pip install "quoth[embeddings,train]"`.
"""

from __future__ import annotations

import argparse
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
from quoth.embeddings.batches import numbered
from quoth.embeddings.pca import fit_pca
from quoth.embeddings.quality import found_again
from quoth.embeddings.siamese import fit_siamese
from quoth.encoders import PictureEncoder, load_picture_encoder
from quoth.passages import Parsed, parse_all
from quoth.types import Pixels

COMPONENTS = 100
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
    parser.add_argument("judge", type=Path)
    parser.add_argument("--views", type=int, default=8, help="augmented views of each photo")
    arguments = parser.parse_args()
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


if __name__ == "__main__":
    main()
