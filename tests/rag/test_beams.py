"""Beams, thorough and fast decoding, n best answers and drawn ones, against enumeration of all short answers."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoth.rag import Limits, Search, decode_sequence, decode_token
from quoth.rag.beams import likeliest
from quoth.rag.sampling import draw_token
from toy import END, ToyModel, null

SPEAKS = "ab"
MOST = 3
WIDE = 40


def flat(prompt):
    return sum(prompt.segments, ())


def every_answer(most=MOST):
    """All that can be said in so many tokens: it ends with END, or at the limit."""
    letters = [ord(letter) for letter in SPEAKS]
    ended = [(*said, END) for length in range(most) for said in product(letters, repeat=length)]
    return [*ended, *product(letters, repeat=most)]


def log_p(model, prompt, said):
    return sum(float(model.after(flat(prompt), said[:i])[token]) for i, token in enumerate(said))


def by_sequence(model, prompts, prior):
    return {
        y: float(np.logaddexp.reduce([p + log_p(model, z, y) for p, z in zip(prior, prompts[:-1], strict=True)]))
        for y in every_answer()
    }


def by_token(model, prompts, prior):
    def total(y):
        rows = [[np.exp(model.after(flat(z), y[:i])[t]) for i, t in enumerate(y)] for z in prompts[:-1]]
        return float(np.log(np.exp(prior) @ np.array(rows)).sum())

    return {y: total(y) for y in every_answer()}


def spoken(y):
    return y[:-1] if y[-1] == END else y


def ranking(scores, search):
    """(answer, log p), best first."""
    return sorted(((spoken(y), p) for y, p in scores.items()), key=lambda one: -search.score(one[1], len(one[0]) + 1))


def decode(way, case, limits, search, decoded_all, most=MOST):
    model, prompts, prior = case
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        return decoded_all(way(reading, prior, memory, limits(model, most), search))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("way", "truth"), [(decode_sequence, by_sequence), (decode_token, by_token)])
def test_a_wide_beam_finds_the_best_of_all_answers(case, limits, decoded_all, seed, way, truth):
    made = case(seed, k=1 + seed % 3, speaks=SPEAKS)
    search = Search(beams=WIDE, answers=4)
    told, answers = decode(way, made, limits, search, decoded_all)
    best = sorted(truth(*made).items(), key=lambda one: -one[1])[:4]
    assert [answer.tokens for answer in answers] == [spoken(y) for y, _ in best]
    np.testing.assert_allclose([answer.log_prob for answer in answers], [p for _, p in best], atol=1e-4)
    assert told == answers[0].tokens


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("penalty", [0.5, 1.0])
def test_length_normalisation(case, limits, decoded_all, seed, penalty):
    made = case(seed, k=2, speaks=SPEAKS)
    _, answers = decode(decode_sequence, made, limits, Search(beams=WIDE, length_penalty=penalty), decoded_all)
    truth = {y: p / len(y) ** penalty for y, p in by_sequence(*made).items()}
    assert answers[0].tokens == spoken(max(truth, key=truth.get))


@pytest.mark.parametrize("seed", range(12))
def test_giving_up_changes_nothing(case, limits, decoded_all, seed, monkeypatch):
    """Narrow beams, where the proposals matter: with and without an early end of what cannot win."""
    made = case(seed, k=3, speaks="abc ")
    for search in (
        Search(beams=2),
        Search(beams=3, answers=2),
        Search(beams=2, length_penalty=1.0),
        Search(robust=True),
    ):
        with monkeypatch.context() as often:
            often.setattr("quoth.rag.proposals.LOOK_EVERY", 4)
            _, with_it = decode(decode_sequence, made, limits, search, decoded_all, most=11)
        with monkeypatch.context() as never:
            never.setattr("quoth.rag.proposals.LOOK_EVERY", 1000)
            _, whole = decode(decode_sequence, made, limits, search, decoded_all, most=11)
        assert [answer.tokens for answer in with_it] == [answer.tokens for answer in whole]


def test_what_cannot_win_is_given_up(case, limits, monkeypatch):
    """A rambling proposal of forty tokens does not set the time of an answer of two."""
    monkeypatch.setattr("quoth.rag.proposals.LOOK_EVERY", 4)
    model, prompts, _ = case(0, k=2, says={"z0.0": "ab", "z0.1": "c" * 40})
    steps = []
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        fork = reading.fork

        def counted(index):
            inner = fork(index)
            step = inner.step
            inner.step = lambda tokens: (steps.append(tokens), step(tokens))
            return inner

        reading.fork = counted
        list(decode_sequence(reading, np.log([0.9, 0.1]), memory, limits(model, 50), Search()))
    assert len(steps) < 6


@pytest.mark.parametrize("seed", range(8))
def test_fast_decoding_is_thorough_where_all_beams_find_all(case, limits, decoded_all, seed):
    made = case(seed, k=2, speaks=SPEAKS)
    thorough = decode(decode_sequence, made, limits, Search(beams=WIDE, answers=3), decoded_all)[1]
    fast = decode(decode_sequence, made, limits, Search(beams=WIDE, answers=3, thorough=False), decoded_all)[1]
    assert [answer.tokens for answer in fast] == [answer.tokens for answer in thorough]


def test_fast_decoding_hears_only_who_proposed(case, limits, decoded_all):
    """One passage says `a`, two say `b...` each its own way but like `a` too: thorough hears them, fast does not."""
    model, prompts, _ = case(0, says={"z0.0": "a", "z0.1": "bb", "z0.2": "ba"})
    prior = np.log([0.34, 0.33, 0.33])
    _, [fast] = decode(decode_sequence, (model, prompts, prior), limits, Search(thorough=False), decoded_all, most=4)
    assert fast.tokens == (ord("a"),)
    assert fast.log_prob == pytest.approx(np.log(0.34), abs=0.01)


@pytest.mark.parametrize("way", [decode_sequence, decode_token])
def test_drawn_answers_have_the_mixtures_probabilities(case, limits, decoded_all, way):
    """A thousand draws of short answers: each answer's share is its probability, within five standard errors."""
    made = case(1, k=3, speaks=SPEAKS)
    truth = (by_sequence if way is decode_sequence else by_token)(*made)
    shares = dict.fromkeys(truth, 0)
    draws = 1000
    for seed in range(draws):
        _, [answer] = decode(way, made, limits, Search(temperature=1.0, seed=seed), decoded_all)
        said = answer.tokens if len(answer.tokens) == MOST else (*answer.tokens, END)
        said = said if said in shares else answer.tokens
        shares[said] = shares.get(said, 0) + 1 / draws  # the toy babbles now and then
    for y, log_prob in truth.items():
        p, share = np.exp(log_prob), shares[y]
        assert abs(share - p) < 5 * np.sqrt(p * (1 - p) / draws) + 2e-3


def test_a_seed_gives_the_same_draw(case, limits, decoded_all):
    made = case(2, k=3)
    for way in (decode_sequence, decode_token):
        drawn = [
            decode(way, made, limits, Search(temperature=1.2, seed=seed, answers=3), decoded_all, most=6)
            for seed in (7, 7, 8)
        ]
        texts = [[answer.tokens for answer in answers] for _, answers in drawn]
        assert texts[0] == texts[1] != texts[2]
        assert len(set(texts[0])) == len(texts[0])


def test_a_single_draw_is_told_as_it_comes(case, limits):
    model, prompts, prior = case(3, k=2, says={"z3.": "abba"})
    with model.read(prompts[:-1]) as reading, null(model, prompts) as memory:
        for way in (decode_sequence, decode_token):
            told = way(reading, prior, memory, limits(model, 9), Search(temperature=1.0))
            pieces = [piece for piece in told if piece]
            assert pieces == [tuple(b"a"), tuple(b"b"), tuple(b"b"), tuple(b"a")]


def test_nucleus_by_hand():
    """.5, .3, .2: the smallest set with at least .6 is the first two, so .5/.8 and .3/.8."""
    logs, search = np.log([0.2, 0.5, 0.3]), Search(temperature=1.0, top_p=0.6)
    rng = np.random.default_rng(0)
    drawn = np.bincount([draw_token(logs, search, rng) for _ in range(4000)], minlength=3) / 4000
    np.testing.assert_allclose(drawn, [0, 0.625, 0.375], atol=0.03)
    assert {draw_token(logs, Search(temperature=1.0, top_p=0.5), rng) for _ in range(50)} == {1}


def test_a_low_temperature_takes_the_likeliest():
    logs, rng = np.log([0.3, 0.4, 0.3]), np.random.default_rng(0)
    assert {draw_token(logs, Search(temperature=0.01), rng) for _ in range(50)} == {1}


@settings(max_examples=60)
@given(st.lists(st.floats(-40, 0, width=32), min_size=1, max_size=30), st.integers(1, 12))
def test_likeliest(logs, count):
    row = np.array(logs, np.float32)
    found = likeliest(row, count)
    assert len(found) == len(set(found)) == min(count, len(row))
    np.testing.assert_array_equal(row[found], np.sort(row)[::-1][: len(found)])


@pytest.mark.parametrize("seed", range(6))
def test_the_order_of_passages_does_not_matter(case, limits, decoded_all, seed):
    model, prompts, prior = case(seed, k=3)
    for way in (decode_sequence, decode_token):
        search = Search(beams=3, answers=2)
        _, one = decode(way, (model, prompts, prior), limits, search, decoded_all)
        turned = [*prompts[2::-1], prompts[3]]
        _, other = decode(way, (model, turned, prior[::-1]), limits, search, decoded_all)
        assert [answer.tokens for answer in one] == [answer.tokens for answer in other]
        np.testing.assert_allclose(one[0].weights[:3], other[0].weights[2::-1], atol=1e-6)


def test_one_passage_is_plain_beam_search(limits, decoded_all, case):
    model, prompts, _ = case(5, k=1, speaks=SPEAKS)
    answers = decode(decode_sequence, (model, prompts, np.zeros(1)), limits, Search(beams=WIDE), decoded_all)[1]
    best = max(every_answer(), key=lambda y: log_p(model, prompts[0], y))
    assert answers[0].tokens == spoken(best)


def test_no_limits_are_reached_by_nothing():
    limits = Limits(3, lambda said: bool(said) and ToyModel().ends(said[-1]))
    assert not limits.stops(())
