"""Context-aware decoding against its formula."""

import numpy as np
import pytest

from quoth.rag import Search, decode_sequence, decode_token
from quoth.rag.contrast import Contrast
from toy import END, null


def flat(prompt):
    return sum(prompt.segments, ())


def formula(model, prompt, null, said, strength):
    """Shi et al. 2023, equation 2."""
    raised = (1 + strength) * model.after(flat(prompt), said).astype(float) - strength * model.after(flat(null), said)
    return raised - np.logaddexp.reduce(raised)


def test_by_hand():
    """p(.|z) = .6, .4 and p(.) = .3, .7 at strength 1: .36/.3 = 1.2 to .16/.7 = .2286, so .84 to .16."""
    raised = 2 * np.log([0.6, 0.4]) - np.log([0.3, 0.7])
    np.testing.assert_allclose(np.exp(raised - np.logaddexp.reduce(raised)), [0.84, 0.16], atol=1e-3)


@pytest.mark.parametrize("strength", [0.0, 0.5, 2.0])
def test_rows_follow_the_formula(case, strength):
    model, prompts, _ = case(1)
    said = ()
    with model.read(prompts) as reading, Contrast(reading, strength) as contrast:
        for token in b"ab":
            expected = [formula(model, prompt, prompts[-1], said, strength) for prompt in prompts]
            np.testing.assert_allclose(contrast.log_probs, expected, atol=1e-4)
            contrast.step([token] * 4)
            said += (token,)
        contrast.reorder([2, 0])
        contrast.step([ord("c"), None])
        expected = [
            formula(model, prompts[2], prompts[-1], (*said, ord("c")), strength),
            formula(model, prompts[0], prompts[-1], said, strength),
        ]
        np.testing.assert_allclose(contrast.log_probs, expected, atol=1e-4)


def test_scores_are_those_of_stepping(case):
    model, prompts, _ = case(2)
    continuations = [tuple(b"ab"), (ord("c"), END), (ord("a"),)]
    with model.read(prompts) as reading, Contrast(reading, 0.7) as contrast:
        contrast.step([ord("b")] * 4)
        scores = contrast.score(continuations)
    for tokens, score in zip(continuations, scores, strict=True):
        for z, prompt in enumerate(prompts):
            expected = [formula(model, prompt, prompts[-1], tokens[:i], 0.7)[t] for i, t in enumerate(tokens)]
            np.testing.assert_allclose(score[z], expected, atol=1e-4)


@pytest.mark.parametrize("way", [decode_sequence, decode_token])
def test_strength_nought_is_off(case, limits, decoded_all, way):
    model, prompts, prior = case(3)
    with model.read(prompts) as reading, null(model, prompts) as memory:
        with reading.fork(range(3)) as passages:
            plain = decoded_all(way(passages, prior, memory, limits(model), Search(beams=2, answers=2)))
        with Contrast(reading, 0.0, range(3)) as contrast:
            same = decoded_all(way(contrast, prior, memory, limits(model), Search(beams=2, answers=2)))
    assert [answer.tokens for answer in plain[1]] == [answer.tokens for answer in same[1]]
    assert model.held == 0


def test_it_says_what_memory_does_not(case, limits, decoded):
    """Passage and memory both like `a`; only the passage also likes `b`: contrast says `b`."""
    model, prompts, _ = case(0, k=1)
    with model.read(prompts) as reading:
        with Contrast(reading, 3.0) as contrast:
            token = int(contrast.log_probs[0].argmax())
        gain = reading.log_probs[0] - reading.log_probs[1]
        assert gain[token] > gain[int(reading.log_probs[1].argmax())]
