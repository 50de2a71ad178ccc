"""How much the mixture costs over llama.cpp itself: seconds a token, and the time to the first token.

    python benchmarks/decoding.py --steps 80

Both read the same five prompts (instructions, a passage of `examples/documents`, a question), share the same
instructions' cells, and then take the same tokens, step by step in turn, in one process. The bound is
`llama_decode` on a batch of one token for each of five sequences, with their logits, nothing else. Ours adds
normalised log-probabilities and the choice of the next token by the mixture. Target: a ratio <= 1.25.

Then the first token of a second question about the same passages: their states kept, or read anew.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import numpy as np

import quoth
from bare_llama import BareLlama
from common import Table, tell
from quoth.generators import LanguageModel, Prompt, Reading
from quoth.generators.llama import LlamaModel
from quoth.generators.models import find_model
from quoth.generators.states import StateCache
from quoth.rag import prompt_maker
from quoth.rag.marginal import Logs, mixture
from quoth.types import Hit

DOCUMENTS = Path(__file__).resolve().parent.parent / "examples" / "documents"
QUESTIONS = (
    "What is a Python decorator?",
    "How do you mark a test function in pytest?",
    "What does pip install do?",
    "What is a generic class?",
    "Which line ends a docstring?",
    "What is a nursery in Trio?",
    "What should a log message contain?",
    "How are packages found by setuptools?",
    "What does lazy evaluation mean?",
    "What is a slotted class?",
)
MEMBERS, RATIO_AT_MOST = 5, 1.25
STATE_BYTES = 512 << 20
Choose = Callable[[Reading], list[int]]


def find_hits() -> list[list[Hit]]:
    """For each question its five passages."""
    with tempfile.TemporaryDirectory() as folder:
        knowledge = quoth.open(Path(folder) / "kb")
        knowledge.add(DOCUMENTS)
        return [knowledge.search(question, MEMBERS) for question in QUESTIONS]


def make_prompts(model: LanguageModel, hits: Sequence[Hit], question: str) -> list[Prompt]:
    """One prompt for each passage."""
    maker = prompt_maker(model)
    return [maker.with_passages([hit.passage], question) for hit in hits]


def by_mixture(log_prior: Logs) -> Choose:
    """RAG-Token: all take the likeliest token of the mixture of the first `len(log_prior)` rows."""

    def choose(reading: Reading) -> list[int]:
        rows = reading.log_probs
        token = int(mixture(log_prior, rows[: len(log_prior)]).argmax())
        _ = rows[:, token].copy()  # what provenance needs
        return [token] * len(rows)

    return choose


def each_its_own(reading: Reading) -> list[int]:
    """RAG-Sequence: each its own likeliest token."""
    return [int(token) for token in reading.log_probs.argmax(axis=1)]


def step_both(reading: Reading, bare: BareLlama, choose: Choose, steps: int) -> tuple[list[float], list[float]]:
    """Seconds of our steps and of the bare ones, in turn; who goes first changes at each step."""
    ours, theirs = [], []
    tokens = choose(reading)
    for turn in range(steps):
        if turn % 2:
            theirs.append(bare.timed_step(tokens[:MEMBERS]))
        start = time.perf_counter()
        reading.step(tokens)
        following = choose(reading)
        ours.append(time.perf_counter() - start)
        if not turn % 2:
            theirs.append(bare.timed_step(tokens[:MEMBERS]))
        tokens = following
    return ours, theirs


def compare_steps(table: Table, model: LlamaModel, hits: Sequence[Hit], steps: int) -> None:
    """Print the rows about seconds a token."""
    bare = BareLlama(find_model(""), model.threads, MEMBERS)
    prompts = make_prompts(model, hits, QUESTIONS[0])
    log_prior = np.array([hit.log_prior for hit in hits])
    null = prompt_maker(model).without(QUESTIONS[0])
    ways = {
        "RAG-Token, mixture of 5": (prompts, by_mixture(log_prior)),
        "RAG-Token, mixture of 5, states kept": (prompts, by_mixture(log_prior)),
        "RAG-Sequence, mixture of 5": (prompts, each_its_own),
        "RAG-Sequence, mixture of 5, states kept": (prompts, each_its_own),
        "RAG-Token, 5 and the null passage": ([*prompts, null], by_mixture(log_prior)),
    }
    for name, (members, choose) in ways.items():
        tell(f"{name}: {steps} steps")
        bare.read(prompts)
        if not name.endswith("kept"):
            model.bodies.cache = StateCache(STATE_BYTES)
        with model.read(members) as reading:
            ours, theirs = map(median, step_both(reading, bare, choose, steps))
        ratio, cells = ours / theirs, (f"{1000 * ours:.1f} ms", f"bare batch of 5: {1000 * theirs:.1f} ms")
        exact = len(members) == MEMBERS
        aim = (f"<= {RATIO_AT_MOST}", ratio <= RATIO_AT_MOST) if exact else None
        table.row(f"a token, {name}", *cells, f"{ratio:.2f}", aim=aim)
    bare.close()


def first_token(model: LlamaModel, prompts: Sequence[Prompt]) -> tuple[float, np.ndarray]:
    """Seconds until the first token can be chosen, and the (k, V) log-probabilities."""
    start = time.perf_counter()
    with model.read(prompts) as reading:
        rows = reading.log_probs.copy()
        each_its_own(reading)
        return time.perf_counter() - start, rows


def compare_first_tokens(table: Table, model: LlamaModel, sets: Sequence[Sequence[Hit]]) -> None:
    """Print the rows about the first token: the same passages with another question, states kept or not."""
    cold, kept, anew = [], [], []
    apart: dict[str, list[float]] = {"states kept": [], "read anew once more": []}
    for i, hits in enumerate(sets):
        tell(f"first tokens, {i + 1}/{len(sets)}")
        other = make_prompts(model, hits, QUESTIONS[(i + 1) % len(QUESTIONS)])
        model.bodies.cache = StateCache(STATE_BYTES)
        cold.append(first_token(model, make_prompts(model, hits, QUESTIONS[i]))[0])
        seconds, with_states = first_token(model, other)
        kept.append(seconds)
        readings = []
        for _ in range(2):
            model.bodies.cache = StateCache(STATE_BYTES)
            seconds, rows = first_token(model, other)
            anew.append(seconds)
            readings.append(np.exp(rows))
        apart["states kept"].append(float(np.abs(np.exp(with_states) - readings[0]).max()))
        apart["read anew once more"].append(float(np.abs(readings[1] - readings[0]).max()))
    ratio = median(anew) / median(kept)
    table.row("first token, passages not read before", f"{median(cold):.3f} s", "", "")
    table.row("the same, states kept", f"{median(kept):.3f} s", f"read anew: {median(anew):.3f} s", f"1/{ratio:.1f}")
    for name, differences in apart.items():
        table.row(f"largest difference of a probability, {name}", f"{max(differences):.1e}", "read anew", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--sets", type=int, default=len(QUESTIONS), help="sets of five passages for the first token")
    parser.add_argument("--threads", type=int, default=0, help="0: what Quoth measures to be fastest")
    arguments = parser.parse_args()
    hits = find_hits()
    model = LlamaModel(find_model(""), arguments.threads, STATE_BYTES)
    table = Table(f"what ({model.name}, {model.threads} threads)", "ours", "beside it", "ratio")
    compare_steps(table, model, hits[0], arguments.steps)
    compare_first_tokens(table, model, hits[: arguments.sets])


if __name__ == "__main__":
    main()
