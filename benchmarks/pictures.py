"""Pictures: words find them, the same object is found again, and how fast they go in.

    python benchmarks/pictures.py words ../shared/data/flickr8k-test
    python benchmarks/pictures.py same ../shared/data/dreambooth
    python benchmarks/pictures.py copies ../shared/data/flickr8k-test
    python benchmarks/pictures.py crops ../shared/data/dreambooth
    python benchmarks/pictures.py crops-words ../shared/data/flickr8k-test
    python benchmarks/pictures.py speed ../shared/data/flickr8k-test

`words`: recall of the photo of a caption among the five nearest of all photos, with the first caption of each photo and
with all. `same`: each photo as a query for the other photos of its object. `copies`: how well near-duplicates are
grouped. `crops`: half of the photos as queries for the collages of the other half that show their object, each of four
objects in tiles of uneven sizes, by whole collages and by the best of their regions (`quoth add --crops`);
`crops-words`: `words` by the best region. `speed`: pictures a second from files to vectors, decoding included, over the
bare ONNX session on decoded tensors with as many threads, in turn.
"""

from __future__ import annotations

import argparse
import io
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
from PIL import Image, ImageEnhance, ImageOps

import quoth
from common import Table, tell
from quoth.embeddings import unit
from quoth.embeddings.bridge import find_bridge
from quoth.embeddings.pca import fit_pca
from quoth.embeddings.quality import found_again
from quoth.encoders import Seen, load_encoder, load_picture_encoder
from quoth.encoders.onnx_pictures import OnnxPictureEncoder
from quoth.passages import Parsed, parse_all
from quoth.regions import HANDICAP, REGIONS, cut
from quoth.similarity import find_duplicates
from quoth.types import Box

ROUNDS = 3
BATCH = 64
COPIED = 200
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


def copies(folder: Path) -> None:
    """Groups of near-duplicates among photos and copies of them: pairs that are rightly in one group."""
    photos = pixels_of(sorted(folder.rglob("*.jpg"))[:COPIED])
    shown = [
        np.asarray(image.convert("RGB")) for photo in photos for image in [Image.fromarray(photo), *altered(photo)]
    ]
    owners = np.repeat(np.arange(len(photos)), len(shown) // len(photos))
    tell(f"encoding {len(shown)} pictures")
    vectors = unit(load_picture_encoder().encode(shown).vectors)
    table = Table(f"{len(photos)} photos, five copies of each", "threshold", "precision", "recall")
    for name, rows in {
        "vectors": vectors,
        "whitened PCA to 100": fit_pca(vectors, "", whiten=True).transform(vectors),
    }.items():
        found = find_duplicates(rows)
        precision, recall = rightly_grouped(found.groups, owners)
        aim = (".95 and .95", precision >= 0.95 and recall >= 0.95) if name == "vectors" else None
        table.row(name, f"{found.threshold:.3f}", f"{precision:.3f}", f"{recall:.3f}", aim=aim)


def altered(photo: np.ndarray) -> list[Image.Image]:
    """As it is, cropped, recompressed, brightened, mirrored, halved."""
    image = Image.fromarray(photo)
    width, height = image.size
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=30)
    cropped = image.crop((int(width * 0.1), int(height * 0.1), int(width * 0.9), int(height * 0.9)))
    bright = ImageEnhance.Brightness(image).enhance(1.4)
    return [image, cropped, Image.open(buffer), bright, ImageOps.mirror(image), image.resize((width // 2, height // 2))]


def rightly_grouped(groups: Sequence[Sequence[int]], owners: np.ndarray) -> tuple[float, float]:
    """Of the pairs in one group, those of one photo; of the pairs of one photo, those in one group."""
    labels = -np.arange(1, len(owners) + 1)
    for number, group in enumerate(groups):
        labels[list(group)] = number
    first, second = np.triu_indices(len(owners), 1)
    together, same = labels[first] == labels[second], owners[first] == owners[second]
    both = int((together & same).sum())
    return both / max(1, int(together.sum())), both / int(same.sum())


def crops(folder: Path) -> None:
    """The collage that holds an object, with and without regions, by layout."""
    files = sorted(folder.rglob("*.jpg"))
    photos, names = pixels_of(files), np.array([file.parent.name for file in files])
    asked = np.array([i - int(np.argmax(names == name)) for i, name in enumerate(names)]) % 2 == 0
    queries = unit(load_picture_encoder().encode([photos[i] for i in np.flatnonzero(asked)]).vectors)
    shown, holds = collages([photos[i] for i in np.flatnonzero(~asked)], names[~asked])
    right = np.array([[name in held for held in holds] for name in names[asked]])
    chance = right.mean()
    table = Table(
        f"{len(queries)} photos, {len(shown)} collages of four (by chance {chance:.2f})", "R@1", "R@5", "views"
    )
    for name, boxes in LAYOUTS.items():
        vectors = unit(look_at(shown, boxes).vectors).reshape(len(shown), -1, queries.shape[1])
        scores = np.einsum("qd,ckd->qck", queries, vectors).max(axis=2)
        found = np.take_along_axis(right, np.argsort(-scores, axis=1, kind="stable"), axis=1)
        table.row(name, f"{found[:, 0].mean():.3f}", f"{found[:, :5].any(axis=1).mean():.3f}", vectors.shape[1])


def crops_words(folder: Path) -> None:
    """`words`, by the best of the regions of each photo."""
    rows = [json.loads(line) for line in (folder / "pairs.jsonl").read_text("utf-8").splitlines()]
    photos = pixels_of([next(folder.rglob(row["image"])) for row in rows])
    text = load_encoder()
    bridge = find_bridge(load_picture_encoder(), text)
    assert bridge is not None
    first = text.encode([row["captions"][0] for row in rows])
    every = text.encode([caption for row in rows for caption in row["captions"]])
    owners = [i for i, row in enumerate(rows) for _ in row["captions"]]
    seen = bridge.words(look_at(photos, REGIONS)).reshape(len(photos), -1, bridge.dimension)
    table = Table(f"{len(rows)} photos, R@5", "first caption", "all captions")
    ways = {"the whole alone": np.inf, "the best region": 0.0, f"the same less {HANDICAP} (`--crops`)": HANDICAP}
    for name, less in ways.items():
        one = best_of_views(first, seen, range(len(rows)), less)
        table.row(name, f"{one:.3f}", f"{best_of_views(every, seen, owners, less):.3f}")


def best_of_views(queries: Array, views: Array, gold: Sequence[int], less: float) -> float:
    """R@5 by the nearest of each photo's views, (n, k, d); those behind the first count less."""
    scores = np.max([queries @ views[:, k].T - (less if k else 0) for k in range(views.shape[1])], axis=0)
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :5]
    return float(np.mean([g in row for g, row in zip(gold, nearest, strict=True)]))


def look_at(pictures: Sequence[np.ndarray], boxes: Sequence[Box]) -> Seen:
    """The pictures, each followed by its regions."""
    tell(f"encoding {len(pictures)} pictures and {len(boxes)} regions of each")
    return load_picture_encoder().encode([view for one in pictures for view in (one, *(cut(one, b) for b in boxes))])


def collages(photos: Sequence[np.ndarray], names: np.ndarray) -> tuple[list[np.ndarray], list[set[str]]]:
    """One for each photo, with three of other objects, and what is on each; the tiles meet anywhere near the middle."""
    draw = np.random.default_rng(0)
    shown, holds = [], []
    for i in range(len(photos)):
        order = draw.permutation(len(photos))
        first = {names[j]: j for j in order if names[j] != names[i]}
        four = draw.permutation([i, *list(first.values())[:3]])
        shown.append(collage([photos[j] for j in four], *draw.uniform(0.35, 0.65, 2)))
        holds.append({names[j] for j in four})
    return shown, holds


def collage(photos: Sequence[np.ndarray], across: float, down: float, size: int = 512) -> np.ndarray:
    """Four photos as tiles that meet in one point, each cut to its tile."""
    image = Image.new("RGB", (size, size))
    x, y = int(size * across), int(size * down)
    places = ((0, 0, x, y), (x, 0, size, y), (0, y, x, size), (x, y, size, size))
    for photo, (left, top, right, bottom) in zip(photos, places, strict=True):
        image.paste(ImageOps.fit(Image.fromarray(photo), (right - left, bottom - top)), (left, top))
    return np.asarray(image)


def grid(share: float, steps: int) -> list[Box]:
    """Steps by steps crops of this share of each side, evenly spread."""
    starts = np.linspace(0, 1 - share, steps)
    return [Box(None, x, y, x + share, y + share) for y in starts for x in starts]


def centre(share: float) -> Box:
    """A crop of this share of each side in the middle."""
    return Box(None, (1 - share) / 2, (1 - share) / 2, (1 + share) / 2, (1 + share) / 2)


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


LAYOUTS: dict[str, Sequence[Box]] = {
    "the whole alone": (),
    "and four quarters of .5": grid(0.5, 2),
    "and four of .6": grid(0.6, 2),
    "and four of .6 and the centre (`--crops`)": REGIONS,
    "and four of .7 and the centre": [*grid(0.7, 2), centre(0.7)],
    "and nine of .5": grid(0.5, 3),
}
COMMANDS: dict[str, Callable[[Path], None]] = {
    "words": words, "same": same, "copies": copies, "crops": crops, "crops-words": crops_words, "speed": speed,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=tuple(COMMANDS))
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    COMMANDS[arguments.what](arguments.folder)


if __name__ == "__main__":
    main()
