"""What can be taken from a passage word for word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoth.types import Passage
from quoth.writing.code import is_whole_code, language, without_fence
from quoth.writing.plain import plain
from quoth.writing.prose import units


def passage(text, document="/docs/a.html", **more):
    return Passage(document, "Title", text, 100, 100 + len(text), **more)


def taken(text, **more):
    return [unit.text for unit in units(passage(text, **more))]


def test_sentences_that_follow_each_other_stay_together_and_one_that_leans_begins_nothing():
    text = "This leans on what is gone. A tapir is a shy animal. It swims well and eats leaves. See Animals for more."
    assert taken(text) == ["A tapir is a shy animal. It swims well and eats leaves."]


def test_what_points_elsewhere_is_left_out_and_what_leans_on_it_too():
    text = "Tapirs are shown in the table below. They swim very well indeed. Horses run faster than most tapirs."
    assert taken(text) == ["Horses run faster than most tapirs."]


def test_an_abbreviation_ends_no_sentence():
    assert taken("Animals, e.g. the Malayan tapir, swim well.") == ["Animals, e.g. the Malayan tapir, swim well."]


def test_code_goes_with_what_leads_to_it_if_it_is_all_there():
    code = "@cached\ndef area(r):\n    return 3 * r * r"
    text = f"Decorate a function with a line over it:\n\n{code}\n\nThe cache keeps its results."
    first, second = units(passage(text))
    assert text[slice(*first.code)] == code
    assert (second.code, second.text) == (None, "The cache keeps its results.")
    cut_short = text[: text.index("\n\nThe cache")]
    assert units(passage(cut_short)) == []
    assert taken("of leaving out an await somewhere in it. The rest is whole and good.") == [
        "The rest is whole and good."
    ]


def test_items_are_sentences_of_their_own_and_code_is_no_prose():
    text = "- Click does not just parse, it also dispatches to the appropriate code of it.\n- Short.\n\nx = f(1)\n"
    assert taken(text) == ["Click does not just parse, it also dispatches to the appropriate code of it."]


def test_a_glossarys_term_gets_a_colon():
    assert taken("decorator\n    An operator that transforms a function.", document="/g.txt") == [
        "Decorator: An operator that transforms a function."
    ]
    wrapped = (
        "   decorator\n       An operator for a function. Take a ``log``\n       decorator, which prints what it sees."
    )
    assert taken(f"Words:\n\n{wrapped}", document="/g.txt") == [
        "Decorator: An operator for a function. Take a `log` decorator, which prints what it sees."
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("def f(x):\n    return x", "python"),
        ("def f(x):\nreturn x", ""),
        ('[build-system]\nrequires = ["setuptools"]', "toml"),
        (">>> f(1)\n2", "python"),
        (">>> about to run one step", ""),
        ("$ pip install quoth", "console"),
        ("just a few words", ""),
    ],
)
def test_languages(text, kind):
    assert language(text) == kind
    assert is_whole_code(text) == bool(kind)


def test_fences_go():
    assert without_fence("  ```python\n  x = 1\n    \n  ```") == "x = 1"


@pytest.mark.parametrize(
    ("text", "document", "shown"),
    [
        ("A {term}`wheel <pypug:wheel>` and [more](https://a.b) *forms*.", "a.md", "A `wheel` and more forms."),
        ("See :func:`~a.b` and ``x``.", "a.rst", "See `~a.b` and `x`."),
        ("As Dickens[1] says, x[2] is *args.", "a.html", "As Dickens says, x is *args."),
    ],
)  # fmt: skip
def test_markup_goes(text, document, shown):
    assert plain(text, document).replace("~", "") == shown.replace("~", "")


PIECES = [
    "A tapir swims well.",
    "It eats leaves.",
    "See below.",
    "```\nx = 1\n```",
    "- An item.",
    "\n\n",
    "x = f(",
    "Why?",
    ":",
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join))
def test_all_that_is_taken_stands_in_the_passage_once_and_in_order(text):
    last = 0
    for unit in units(passage(text)):
        for start, end in unit.spans:
            assert last <= start < end <= len(text)
            last = end
        assert len(unit.texts) == len(unit.spans) and unit.words > 0
