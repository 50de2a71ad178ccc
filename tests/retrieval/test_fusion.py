"""Reciprocal rank fusion: by hand, by property, and against ranx."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoth.retrieval import reciprocal_rank_fusion

names = st.lists(st.sampled_from("abcdefgh"), unique=True)


def test_by_hand():
    scores = reciprocal_rank_fusion([["a", "b", "c"], ["c", "d"]])
    assert scores == pytest.approx({"c": 1 / (60 + 3) + 1 / (60 + 1), "a": 1 / 61, "b": 1 / 62, "d": 1 / 62})
    assert list(scores) == ["c", "a", "b", "d"]


def test_of_equals_the_first_name():
    assert list(reciprocal_rank_fusion([["z", "y"], ["y", "z"], ["x"]])) == ["y", "z", "x"]


def test_nothing():
    assert reciprocal_rank_fusion([]) == reciprocal_rank_fusion([[], []]) == {}


@given(st.lists(names, max_size=4), st.randoms())
def test_the_order_of_the_rankings_does_not_matter(rankings, random):
    scores = reciprocal_rank_fusion(rankings)
    shuffled = reciprocal_rank_fusion(random.sample(rankings, len(rankings)))
    assert shuffled == pytest.approx(scores)
    assert set(scores) == set().union(*rankings)
    assert list(scores.values()) == sorted(scores.values(), reverse=True)


@given(names)
def test_one_ranking_keeps_its_order(ranking):
    assert list(reciprocal_rank_fusion([ranking])) == ranking


@pytest.mark.parametrize(
    ("rankings", "expected"),
    [
        (
            ["abcd", "dbe"],
            {
                "a": 0.016393442623,
                "b": 0.032258064516,
                "c": 0.015873015873,
                "d": 0.032018442623,
                "e": 0.015873015873,
            },
        ),
        (
            ["ab", "cd", "da"],
            {"a": 0.032522474881, "b": 0.016129032258, "c": 0.016393442623, "d": 0.032522474881},
        ),
        (
            ["hgfe", "e", "ge"],
            {"e": 0.048147474881, "f": 0.015873015873, "g": 0.032522474881, "h": 0.016393442623},
        ),
    ],
)
def test_ranx_says_the_same(rankings, expected):
    """Numbers of ranx 0.3.21, `fuse(runs, norm=None, method="rrf")`: it compiles for a minute."""
    assert reciprocal_rank_fusion(rankings) == pytest.approx(expected, abs=1e-11)
