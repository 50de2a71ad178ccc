"""The plain concatenation: one prompt speaks, the members explain."""

import numpy as np
import pytest

from quoth.generators import Prompt
from quoth.rag import decode_concat
from quoth.rag.marginal import sequence_posterior, with_memory
from toy import null


@pytest.fixture
def run(case, limits, decoded):
    def run(answer, most=9):
        model, prompts, prior = case(0, says={"whole": answer, "z0.1": answer})
        together = Prompt((tuple(b"whole"),))
        with model.read(prompts[:-1]) as members, model.read([together]) as whole, null(model, prompts) as memory:
            told, result = decoded(decode_concat(whole, members, prior, memory, limits(model, most)))
            scores = np.concatenate([one.score([told])[0] for one in (members, memory)])
        return told, result, sequence_posterior(with_memory(prior, 0.1), scores) if told else None

    return run


def test_one_prompt_speaks_and_the_members_explain(run):
    told, result, posterior = run("abc")
    assert told == result.tokens == tuple(b"abc")
    np.testing.assert_allclose(result.posterior, posterior)
    np.testing.assert_allclose(result.weights, posterior[:, -1])
    assert result.weights.argmax() == 1 and result.weights[1] > 0.99
    assert result.log_probs.shape == (3,) and result.log_probs.max() < 0
    assert result.log_prob < result.log_probs.sum()


def test_nothing_said(run):
    told, result, _ = run("")
    assert told == result.tokens == ()
    assert result.weights[-1] == pytest.approx(0.1)


def test_the_limit(run):
    told, result, _ = run("abcabc", most=2)
    assert told == tuple(b"ab")
    assert result.log_prob == pytest.approx(result.log_probs.sum())
