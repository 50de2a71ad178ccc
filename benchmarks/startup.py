"""How long the command and the import take to start, beside Python itself.

    python benchmarks/startup.py

Runs in turn, medians. Target: within 0.3 s of bare `python -c pass`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from common import Table

WITHIN = 0.3
BARE = "python -c pass"


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    arguments = parser.parse_args()
    commands = {
        BARE: [sys.executable, "-c", "pass"],
        'python -c "import quoth"': [sys.executable, "-c", "import quoth"],
        "quoth --help": [str(Path(sys.executable).parent / "quoth"), "--help"],
    }
    spent: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(arguments.runs + 1):
        for name, command in commands.items():
            taken = seconds(command)
            if turn:  # the first fills the disk's cache
                spent[name].append(taken)
    bare = median(spent[BARE])
    table = Table("command", "median s", "over bare Python, s")
    for name, times in spent.items():
        more = median(times) - bare
        aim = None if name == BARE else (f"<= {WITHIN}", more <= WITHIN)
        table.row(name, f"{median(times):.3f}", f"{more:+.3f}", aim=aim)


if __name__ == "__main__":
    main()
