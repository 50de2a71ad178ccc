"""Our mixture against that of the paper's own models in `transformers`, on random logits."""

from types import SimpleNamespace

import numpy as np
import pytest

from quoth.rag.marginal import sequence_log_prob, token_log_probs

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

K, M, V = 4, 6, 11
PAD, BOS = 0, 1


@pytest.fixture(params=range(5))
def case(request):
    """(k, m, V) logits, (k,) document scores, (m,) target tokens without padding or BOS."""
    rng = np.random.default_rng(request.param)
    logits = rng.normal(0, 3, (K, M, V)).astype(np.float32)
    return logits, rng.normal(0, 2, K).astype(np.float32), rng.integers(2, V, M)


def ours(case):
    """The log prior, and (k, m) log p of the target."""
    logits, scores, target = case
    log_probs = logits - np.logaddexp.reduce(logits, axis=2, keepdims=True)
    return scores.astype(np.float64) - np.logaddexp.reduce(scores), log_probs[:, np.arange(M), target]


# The methods read nothing of a model but its configuration, so none is built.
MODEL = SimpleNamespace(
    config=SimpleNamespace(n_docs=K, bos_token_id=BOS, generator=SimpleNamespace(pad_token_id=PAD, bos_token_id=BOS))
)


def test_rag_token(case):
    logits, scores, target = case
    marginal = transformers.RagTokenForGeneration.marginalize(
        MODEL, torch.from_numpy(logits), torch.from_numpy(scores)[None]
    )
    expected = marginal[0].numpy()[np.arange(M), target]
    np.testing.assert_allclose(token_log_probs(*ours(case)), expected, atol=1e-5)


def test_rag_sequence(case):
    logits, scores, target = case
    # `get_nll` shifts the target left and masks the padding that comes in: one more column of logits.
    padded = np.concatenate([logits, np.zeros((K, 1, V), np.float32)], axis=1)
    loss = transformers.RagSequenceForGeneration.get_nll(
        MODEL, torch.from_numpy(padded), torch.from_numpy(scores)[None], torch.tensor([[BOS, *target]])
    )
    assert sequence_log_prob(*ours(case)) == pytest.approx(-float(loss[0]), abs=1e-4)
