"""Confidence: the regression, its figures by hand, and the whole of `calibrate` on the real default model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import quoth
from quoth.answer import Signals
from quoth.errors import StoreError, UsageError
from quoth.evaluation import Query, auroc, calibrate
from quoth.evaluation.calibrate import report, unseen
from quoth.rag.calibration import NAMES, SHIPPED, Calibration, fit, load, probabilities, save


def made(n=400, seed=0):
    """Signals of which only the second and the fourth tell, and whether the answers are right."""
    rng = np.random.default_rng(seed)
    signals = rng.normal(3, 2, (n, len(NAMES)))
    odds = 1.5 * (signals[:, 1] - 3) - 0.8 * (signals[:, 3] - 3) - 0.5
    return signals, rng.random(n) < 1 / (1 + np.exp(-odds))


def test_by_hand():
    one = Calibration("m", 1, (1.0,) * 6, (2.0,) * 6, (0.5, 0, 0, 0, 0, 0), -1.0)
    # (5 - 1) / 2 * .5 - 1 = 0, so .5
    assert one.probability(Signals(5, 0, 0, 0, 0, 0)) == pytest.approx(0.5)
    # (9 - 1) / 2 * .5 - 1 = 1
    assert one.probability(Signals(9, 0, 0, 0, 0, 0)) == pytest.approx(1 / (1 + np.exp(-1)))


def test_it_finds_what_tells_and_is_calibrated():
    signals, right = made(4000)
    fitted = fit("m", signals, right)
    told = np.array(fitted.weight) / fitted.scale
    np.testing.assert_allclose(told, [0, 1.5, 0, -0.8, 0, 0], atol=0.12)
    found = probabilities(fitted, signals)
    assert found.mean() == pytest.approx(right.mean(), abs=1e-3)
    assert report(found, right).error < 0.03


def test_it_is_that_of_scikit_learn():
    linear = pytest.importorskip("sklearn.linear_model")
    signals, right = made(300)
    peer = linear.LogisticRegression(C=1.0, tol=1e-8, max_iter=1000)
    standard = (signals - signals.mean(0)) / signals.std(0)
    np.testing.assert_allclose(
        probabilities(fit("m", signals, right), signals),
        peer.fit(standard, right).predict_proba(standard)[:, 1],
        atol=2e-3,
    )


def test_signals_that_separate_stay_finite():
    signals = np.concatenate([np.zeros((20, 6)), np.ones((20, 6))])
    found = probabilities(fit("m", signals, np.arange(40) >= 20), signals)
    assert np.isfinite(found).all() and found[0] < 0.1 < 0.9 < found[-1]


def test_unseen_answers_are_not_flattered():
    """Noise tells nothing: fitted on itself it seems to, on other folds it does not."""
    rng = np.random.default_rng(1)
    signals, right = rng.normal(size=(60, 6)), rng.random(60) < 0.5
    seen = auroc(*(probabilities(fit("", signals, right), signals)[mask] for mask in (right, ~right)))
    assert seen > 0.58
    assert report(unseen(signals, right), right).auroc < seen


def test_auroc_by_hand():
    # Pairs: .9>.5, .9>.4, .5=.5 (half), .5>.4: 3.5 of 4
    assert auroc(np.array([0.9, 0.5]), np.array([0.5, 0.4])) == pytest.approx(3.5 / 4)


@settings(max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_auroc_turned_round(positive, negative):
    one, other = np.array(positive), np.array(negative)
    assert auroc(one, other) + auroc(other, one) == pytest.approx(1)


def test_error_by_hand():
    """Two bins of five: confidence .2 with 1 of 5 right is exact, .9 with 3 of 5 is .3 off: .15 on average."""
    confidence = np.array([0.2] * 25 + [0.9] * 25)
    right = np.array(([True] + [False] * 4) * 5 + ([True] * 3 + [False] * 2) * 5)
    assert report(confidence, right).error == pytest.approx(0.15, abs=0.06)


def test_save_then_load_is_the_identity(tmp_path):
    fitted = fit("model", *made())
    save(fitted, tmp_path)
    assert load(tmp_path, "model") == fitted
    assert load(tmp_path, "another") == load(tmp_path / "nowhere", "model") == SHIPPED


@pytest.mark.parametrize("content", ["", "{}", '{"signals": ["x"]}', '{"signals": null}'])
def test_a_damaged_file(tmp_path, content):
    (tmp_path / "calibration.json").write_text(content)
    with pytest.raises(StoreError, match="calibration"):
        load(tmp_path, "model")


TEXTS = [f"The {bird} of Skarv weighs {n} grams and nests in {month}." for bird, n, month in [
    ("gull", 912, "May"), ("heron", 1640, "April"), ("plover", 214, "June"), ("eider", 2150, "July"),
]]  # fmt: skip


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory):
    knowledge = quoth.open(tmp_path_factory.mktemp("calibrate"), decoding="token", min_confidence=0.0, threads=1)
    knowledge.add_texts(TEXTS)
    return knowledge


def questions():
    birds = [("gull", "912", "May"), ("heron", "1640", "April"), ("plover", "214", "June"), ("eider", "2150", "July")]
    for bird, grams, month in birds:
        yield Query(f"{bird} g", f"How many grams does the {bird} weigh?", (f"{grams} grams", grams))
        yield Query(f"{bird} m", f"In which month does the {bird} nest?", (month,))
        yield Query(f"{bird} r", f"How heavy is a {bird}?", (f"{grams} grams", grams))
        for what in ("eggs does the {} lay", "people shoot the {}", "years does the {} live"):
            yield Query(f"{bird} {what}", f"How many {what.format(bird)}?", (), True)


def test_the_real_model_is_calibrated(knowledge):
    seen = []
    fitted, found = calibrate(knowledge, list(questions()), lambda done, total: seen.append((done, total)))
    assert fitted.model == knowledge.generator_name and fitted.questions == found.questions > 20
    assert seen[0] == (0, 24) and len(seen) == 24
    assert 0.2 < found.right < 0.8
    assert 0 <= found.auroc <= 1 and 0 <= found.error <= 1


def test_too_few_to_calibrate(knowledge):
    with pytest.raises(UsageError, match="too few"):
        calibrate(knowledge, list(questions())[:3])
