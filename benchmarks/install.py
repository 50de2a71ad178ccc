"""What an installation weighs: packages and megabytes of a fresh environment, beside LlamaIndex and Haystack.

    python benchmarks/install.py --peers

Counts all that `pip list` shows but pip and setuptools; megabytes are what site-packages gained.
llama-cpp-python is compiled if pip has no wheel of it (some ten minutes, once). Target: at most 60 packages.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

from common import Table, megabytes, tell

ROOT = Path(__file__).resolve().parent.parent
PEERS = {"LlamaIndex": "llama-index", "Haystack": "haystack-ai"}
AT_MOST = 60
NOT_COUNTED = {"pip", "setuptools", "wheel"}


@dataclass(frozen=True, slots=True)
class Weight:
    """What one installation is."""

    version: str
    packages: int
    megabytes: float
    seconds: float


def weigh(requirement: str, package: str) -> Weight:
    """Install `requirement` into a virtual environment that goes away."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        (packages,) = Path(folder).glob("lib/python*/site-packages")
        empty = megabytes(packages)
        tell(f"pip install {requirement}")
        start = time.perf_counter()
        subprocess.run([python, "-m", "pip", "install", "-qq", requirement], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - start
        listed = subprocess.run(
            [python, "-m", "pip", "list", "--format", "json"], check=True, capture_output=True, text=True
        )
        versions = {row["name"]: row["version"] for row in json.loads(listed.stdout)}
        counted = versions.keys() - NOT_COUNTED
        return Weight(versions[package], len(counted), megabytes(packages) - empty, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", action="store_true", help="weigh LlamaIndex and Haystack too")
    arguments = parser.parse_args()
    table = Table("what", "version", "packages", "MB", "s to install")
    wanted = {"Quoth": (str(ROOT), "quoth")}
    if arguments.peers:
        wanted |= {name: (package, package) for name, package in PEERS.items()}
    for name, (requirement, package) in wanted.items():
        weight = weigh(requirement, package)
        aim = (f"<= {AT_MOST} packages", weight.packages <= AT_MOST) if name == "Quoth" else None
        table.row(name, weight.version, weight.packages, f"{weight.megabytes:.0f}", f"{weight.seconds:.0f}", aim=aim)


if __name__ == "__main__":
    main()
