"""The public names, to the letter: a change here is a change of the interface."""

import inspect

import pytest

import quoth

NAMES = [
    "AddReport",
    "Answer",
    "AnswerStream",
    "Chat",
    "ChatStream",
    "Document",
    "DocumentError",
    "Failure",
    "Feed",
    "Hit",
    "IncompatibleError",
    "KnowledgeBase",
    "MissingExtraError",
    "ModelAnswers",
    "ModelError",
    "NotFoundError",
    "Origin",
    "Outline",
    "Passage",
    "QuothError",
    "Rows",
    "Settings",
    "SettingsError",
    "Sitemap",
    "Source",
    "Status",
    "StoreError",
    "StoredDocument",
    "Timing",
    "Token",
    "Turn",
    "Unanswered",
    "UsageError",
    "WarmReport",
    "Writing",
    "WritingStream",
    "open",
    "rag_model",
    "read_outline",
]


def test_these_are_the_public_names():
    assert list(quoth.__all__) == NAMES
    assert dir(quoth) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_is_there_and_documented(name):
    thing = getattr(quoth, name)
    assert thing.__name__ == name
    assert thing.__module__.startswith("quoth.")
    # A dataclass without a docstring would get its signature as one.
    assert thing.__doc__ and not thing.__doc__.startswith(f"{name}(")


@pytest.mark.parametrize("name", NAMES)
def test_what_they_offer_is_documented_too(name):
    thing = getattr(quoth, name)
    public = (
        [member for key, member in vars(thing).items() if not key.startswith("_")] if inspect.isclass(thing) else []
    )
    functions = [getattr(member, "fget", member) for member in public]
    assert all(function.__doc__ for function in functions if inspect.isfunction(function))


def test_any_other_name_is_an_error():
    with pytest.raises(AttributeError, match="nonsense"):
        quoth.nonsense  # noqa: B018


def test_every_error_is_one_of_ours_and_carries_its_cure():
    errors = [getattr(quoth, name) for name in NAMES if name.endswith("Error")]
    for error in errors:
        assert issubclass(error, quoth.QuothError)
        assert (error("cause", "cure").cure, str(error("cause", "cure")), str(error("cause"))) == (
            "cure", "cause; cure", "cause",
        )  # fmt: skip
