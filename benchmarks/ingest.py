"""How much of the bare encoder's rate is left when files are parsed, encoded, stored and indexed.

    python benchmarks/ingest.py ../shared/data/python-docs

The bound is `encoder.encode` on the very same texts, before and after in the same run (the mean of both
rates: a shared machine drifts). Then the same files, unchanged, are added by a newly opened knowledge base.
Targets: >= 0.8 of the bare rate; unchanged <= 1/50 of the first time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import quoth
from common import Table, megabytes, tell, tell_progress, unpacked_pages
from quoth.encoders import Encoder, load_encoder
from quoth.passages import Parsed, Parser

RATE_FROM, AGAIN_AT_MOST = 0.8, 1 / 50


def searchable_texts(files: Sequence[Path]) -> list[str]:
    """What the encoder sees of these files."""
    with Parser() as parser:
        answers = [answer for _, answer in parser.parse_many(files)]
    return [p.searchable for answer in answers if isinstance(answer, Parsed) for p in answer.passages]


def bare_rate(encoder: Encoder, texts: list[str]) -> float:
    """Passages a second of the encoder alone."""
    tell(f"the bare encoder, {len(texts)} passages")
    start = time.perf_counter()
    encoder.encode(texts)
    return len(texts) / (time.perf_counter() - start)


def add(folder: Path, files: Sequence[Path]) -> tuple[quoth.AddReport, float]:
    """One add, of a newly opened knowledge base, and its seconds (loading the encoder included)."""
    start = time.perf_counter()
    report = quoth.open(folder).add(*files, progress=tell_progress)
    return report, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder python-docs of the data")
    parser.add_argument("--files", type=int, default=0, help="only the first so many pages; 0: all")
    arguments = parser.parse_args()
    with unpacked_pages(arguments.data) as pages, tempfile.TemporaryDirectory() as folder:
        files = sorted(pages.rglob("*.html"))[: arguments.files or None]
        measure(files, Path(folder) / "kb")


def measure(files: Sequence[Path], folder: Path) -> None:
    """Print the table."""
    texts, encoder = searchable_texts(files), load_encoder()
    before = bare_rate(encoder, texts)
    tell("adding the files")
    first, seconds = add(folder, files)
    after = bare_rate(encoder, texts)
    again, again_seconds = add(folder, files)
    rate, bare = first.passages / seconds, (before + after) / 2

    table = Table("what", "figure", "beside it", "ratio")
    table.row("files added, passages", f"{first.added}, {first.passages}", f"failed: {len(first.failed)}", "")
    aim = (f">= {RATE_FROM}", rate / bare >= RATE_FROM)
    beside = f"bare encoder {bare:.1f} ({before:.1f}, {after:.1f})"
    table.row("passages/s", f"{rate:.1f}", beside, f"{rate / bare:.2f}", aim=aim)
    table.row("files/s", f"{first.added / seconds:.1f}", "", "")
    part = again_seconds / seconds
    table.row(
        f"seconds, {again.unchanged} files unchanged",
        f"{again_seconds:.2f}",
        f"first add {seconds:.1f}",
        f"1/{seconds / again_seconds:.0f}",
        aim=(f"<= 1/{1 / AGAIN_AT_MOST:.0f}", part <= AGAIN_AT_MOST and again.unchanged == first.added),
    )
    size = megabytes(folder)
    table.row("MB on disk", f"{size:.1f}", f"texts {sum(len(t.encode()) for t in texts) / 1e6:.1f}", "")


if __name__ == "__main__":
    main()
