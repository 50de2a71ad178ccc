"""Requests that follow the OpenAPI document, and requests that do not: no 5xx, and every reply as it says.

python benchmarks/fuzz.py [CASES]        2,000 by default; the suite runs some 150 of them
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fuzzing import fuzz
from serving import app_of, serving, tiny_base


def main(cases: int) -> None:
    with tempfile.TemporaryDirectory() as folder, serving(app_of(tiny_base(Path(folder)))) as url:
        start = time.perf_counter()
        counts = fuzz(url, cases)
        seconds = time.perf_counter() - start
    for route, statuses in sorted(counts.items()):
        print(f"{route:40} {'  '.join(f'{status}: {count}' for status, count in sorted(statuses.items()))}")
    total = sum(statuses.total() for statuses in counts.values())
    print(f"{total:,} cases in {seconds:.0f} s: no 5xx, every reply as documented")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
