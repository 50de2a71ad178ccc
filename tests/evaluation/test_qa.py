"""SQuAD's measures, against numbers worked by hand."""

import pytest

from quoth.evaluation import BeirSet, Query, exact_match, f1, normalise, sample_answerable


@pytest.mark.parametrize(
    ("answer", "normal"),
    [
        ("The  Cat's pyjamas!", "cats pyjamas"),
        ("a an the", ""),
        ("Theatre, anthem", "theatre anthem"),
        ("U.S.A.", "usa"),
        ("10,000\n", "10000"),
        ("the-end", "theend"),
        ("“curly”", "“curly”"),
    ],
)
def test_normalisation_is_squads(answer, normal):
    assert normalise(answer) == normal


def test_exact_match_takes_any_gold_answer():
    assert exact_match("The Nile.", ["Danube", "nile"]) == 1.0
    assert exact_match("Nile river", ["Danube", "nile"]) == 0.0
    assert exact_match("the", ["a"]) == 1.0
    assert exact_match("x", []) == 0.0


@pytest.mark.parametrize(
    ("answer", "gold", "value"),
    [
        ("the big red dog", ["red dog"], 0.8),  # precision 2/3, recall 2/2
        ("dog", ["red dog runs fast"], 0.4),  # 1/1, 1/4
        ("dog dog", ["dog"], 2 / 3),  # one of the two counts: 1/2, 1/1
        ("cat", ["dog", "a cat!"], 1.0),  # the best of them
        ("cat", ["dog"], 0.0),
        ("", ["dog"], 0.0),
        ("the", [""], 1.0),
        ("cat", [], 0.0),
    ],
)
def test_f1_by_hand(answer, gold, value):
    assert f1(answer, gold) == pytest.approx(value)


def test_the_sample_is_answerable_and_always_the_same():
    queries = tuple(Query(str(n), "?", ("x",) if n % 3 else (), is_impossible=n % 5 == 0) for n in range(60))
    data = BeirSet({}, queries, {})
    drawn = sample_answerable(data, 10)
    assert drawn == sample_answerable(data, 10)
    assert drawn != sample_answerable(data, 10, seed=1)
    assert len({query.id for query in drawn}) == 10
    assert all(query.answers and not query.is_impossible for query in drawn)
    assert len(sample_answerable(data, 1_000)) == 32
