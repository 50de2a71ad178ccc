"""A reading of random passages, and a decoding run to its end."""

import numpy as np
import pytest

from quoth.generators import Prompt
from quoth.rag import Limits
from toy import ToyModel


def run(decoding):
    """What a decoding yields, token by token, and all that it returns."""
    told = []
    while True:
        try:
            told += next(decoding)
        except StopIteration as end:
            return tuple(told), end.value


@pytest.fixture
def decoded_all():
    return run


@pytest.fixture
def decoded():
    """Only the best answer of those returned."""

    def run_one(decoding):
        told, answers = run(decoding)
        return told, answers[0]

    return run_one


@pytest.fixture
def case():
    """For a seed: a model, k+1 prompts with the null passage last, and log p(z|x)."""

    def make(seed, k=3, speaks="abc ", **options):
        model = ToyModel(speaks, **options)
        prompts = [Prompt(((258,), tuple(f"z{seed}.{z}".encode()), (63,))) for z in range(k)]
        logits = np.random.default_rng(seed).normal(0, 1, k)
        return model, [*prompts, Prompt(((258,), (seed % 256, 63)))], logits - np.logaddexp.reduce(logits)

    return make


@pytest.fixture
def limits():
    return lambda model, tokens=5: Limits(tokens, lambda said: bool(said) and model.ends(said[-1]))
