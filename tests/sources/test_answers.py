from dataclasses import dataclass

import pytest

from quoth.errors import ModelError, NotFoundError, UsageError
from quoth.origin import Origin
from quoth.sources.answers import IN_A_ROW, TRUST, answers, read_questions
from quoth.sources.items import Kept
from quoth.types import Document, Failure

MODEL, SERVER = "openai:wise", "http://localhost:8000/v1"


@dataclass
class Had:
    digest: str
    origin: Origin


class Wise:
    """Answers by length; some questions it fails at."""

    def __init__(self, *failing):
        self.failing, self.asked = failing, []

    def __call__(self, prompt):
        question = prompt.rpartition("Question: ")[2]
        self.asked.append(question)
        if question in self.failing or "*" in self.failing:
            raise ModelError("the server is away", "start it")
        return " Unknown.\n" if question == "Why?" else f" It is {len(question)}. "


def test_each_answer_is_a_document_with_who_said_it_and_how_it_was_asked():
    [one] = answers(MODEL, SERVER, ["How long is this?"], Wise(), {})
    assert (one.title, one.text, one.trust) == ("How long is this?", "It is 17.", TRUST)
    assert one.id.startswith("openai:wise/")
    assert (one.origin.where, one.origin.model) == (SERVER, MODEL)
    assert one.origin.prompt.endswith("Question: How long is this?")
    assert one.origin.fetched.endswith("+00:00")


def test_an_answered_question_is_not_asked_again_but_of_another_model_or_in_another_way():
    [one] = answers(MODEL, SERVER, ["a?"], Wise(), {})
    known = {one.id: Had(one.digest, one.origin)}
    again = Wise()
    kept, new = answers(MODEL, SERVER, ["a?", "b?"], again, known)
    assert (kept, new.title, again.asked) == (Kept(one.id), "b?", ["b?"])
    other = Wise()
    [_] = answers("openai:wiser", SERVER, ["a?"], other, known)
    assert other.asked == ["a?"]
    [asked] = answers(MODEL, SERVER, ["a?"], other, {one.id: Had(one.digest, Origin(prompt="another"))})
    assert asked.id == one.id


def test_failures_are_told_and_the_rest_goes_on():
    found = list(answers(MODEL, SERVER, ["a?", "b?", "Why?", "c?"], Wise("b?"), {}))
    assert [type(item) for item in found] == [Document, Failure, Failure, Document]
    assert found[1] == Failure("b?", "the server is away", "start it")
    assert "does not know" in found[2].cause


def test_a_server_that_stays_away_is_left():
    wise = Wise("*")
    *failures, rest = answers(MODEL, SERVER, [f"{i}?" for i in range(20)], wise, {})
    assert len(wise.asked) == len(failures) == IN_A_ROW
    assert "15 questions were not asked" in rest.cause


def test_questions_of_a_file(tmp_path):
    file = tmp_path / "questions.txt"
    file.write_text("What  is it?\n\nWho?\nWhat is it?\n", "utf-8")
    assert read_questions(file) == ["What is it?", "Who?"]
    file.write_text("\n")
    with pytest.raises(UsageError, match="empty"):
        read_questions(file)
    file.write_bytes(b"caf\xe9?")
    with pytest.raises(UsageError, match="UTF-8"):
        read_questions(file)
    with pytest.raises(NotFoundError):
        read_questions(tmp_path / "none")
