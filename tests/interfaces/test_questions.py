"""Files of questions, and their answers in files: what is read, what a kill leaves, how it goes on."""

import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import quoth
from one_thread import on_one_thread
from quoth.answer import Answer, Source, Timing
from quoth.assistants.batch import AT_SERVER, ask_all
from quoth.interfaces.cli.main import app
from quoth.interfaces.questions import Asked, read_questions
from quoth.interfaces.results import Results
from quoth.types import Passage

PASSAGE = Passage("/docs/a.md", "Tapirs, and more", "The tapir\nweighs 300 kilograms.", 10, 40, page=2)


def answer_to(question):
    source = Source(PASSAGE, PASSAGE.text, 10, 40, 0.9)
    return Answer(question, "300\nkilograms", False, 0.5, "sequence", (), (source,), 0.1, Timing(0, 0, 0))


def write(path, text, encoding="utf-8"):
    path.write_text(text, encoding)
    return path


def test_a_line_each(tmp_path):
    file = write(tmp_path / "q.txt", "\ufeffWho?\r\n\n  When? \n")
    assert read_questions(file) == [Asked(1, "Who?"), Asked(3, "When?")]


def test_json_lines(tmp_path):
    file = write(tmp_path / "q.jsonl", '{"question": "Who?", "id": 7}\n\n{"question": "When?"}')
    assert read_questions(file) == [Asked(1, "Who?", "7"), Asked(3, "When?")]


def test_csv(tmp_path):
    file = write(tmp_path / "q.csv", 'id,question,note\na,"Who, and\nwhen?",x\nb,Where?\n')
    assert read_questions(file) == [Asked(3, "Who, and\nwhen?", "a"), Asked(4, "Where?", "b")]


@pytest.mark.parametrize(
    ("name", "text", "cause"),
    [
        ("q.txt", " \n\n", "holds no question"),
        ("q.jsonl", '{"question": "Who?"}\n{"question"', "line 2 is not JSON"),
        ("q.jsonl", '{"asked": "Who?"}', "line 1 has no text named question"),
        ("q.csv", "a,b\n1,2\n", "only: a, b"),
        ("gone.txt", None, "there is no file"),
    ],
)
def test_what_is_no_file_of_questions(tmp_path, name, text, cause):
    if text is not None:
        write(tmp_path / name, text)
    with pytest.raises(quoth.UsageError, match=cause):
        read_questions(tmp_path / name)


def test_no_utf_8(tmp_path):
    with pytest.raises(quoth.UsageError, match="UTF-8"):
        read_questions(write(tmp_path / "q.txt", "Où?", "latin-1"))


QUESTIONS = [Asked(1, "Who?", "a"), Asked(2, "When?\nWhere?"), Asked(3, "Who?", "a"), Asked(5, 'Why "so", é?')]


@given(data=st.data())
@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
def test_a_kill_at_any_byte_loses_at_most_the_answer_that_was_being_written(tmp_path_factory, suffix, data):
    path = tmp_path_factory.mktemp("out") / f"answers{suffix}"
    results, ends = Results(path), [0]
    for one in QUESTIONS:
        with results.appending() as appender:
            appender.put(one, answer_to(one.question))
        ends.append(path.stat().st_size)
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:cut])
    done = sum(end <= cut for end in ends) - 1
    assert len(results.missing(QUESTIONS)) == len(QUESTIONS) - done
    with results.appending() as appender:
        for one in results.missing(QUESTIONS):
            appender.put(one, answer_to(one.question))
    assert results.missing(QUESTIONS) == []
    assert sorted(path.read_bytes().splitlines()) == sorted(whole.splitlines())


def test_the_columns(tmp_path):
    with Results(tmp_path / "a.csv").appending() as appender:
        appender.put(QUESTIONS[1], answer_to("When?"))
    [row] = csv.DictReader((tmp_path / "a.csv").open(encoding="utf-8"))
    assert row == {
        "line": "2", "id": "", "question": "When? Where?", "answer": "300 kilograms", "abstained": "False",
        "confidence": "0.5", "memory_weight": "0.1", "document": "/docs/a.md", "title": "Tapirs, and more",
        "page": "2", "start": "10", "end": "40", "quote": "The tapir weighs 300 kilograms.",
    }  # fmt: skip


def test_a_file_of_something_else_is_left_alone(tmp_path):
    path = write(tmp_path / "a.jsonl", "my diary\n")
    with pytest.raises(quoth.UsageError, match="something else"):
        Results(path).missing(QUESTIONS)
    assert path.read_text() == "my diary\n"
    with pytest.raises(quoth.UsageError, match="end it in"):
        Results(tmp_path / "a.txt")


class Server:
    """In the place of a server's asker: knows some answers."""

    def stream(self, question):
        if "?" not in question:
            raise quoth.UsageError("no question", "ask")
        return type("Stream", (), {"answer": answer_to(question)})()


def test_a_server_is_asked_several_at_once_and_answers_come_in_order():
    taken = []

    def questions():
        for i in range(30):
            taken.append(i)
            yield f"{i}{'?' * (i != 11)}"

    found = ask_all(Server(), questions())
    assert next(found).question == "0?"
    assert len(taken) == AT_SERVER
    rest = list(found)
    assert [one.question.strip("?") for one in rest] == [str(i) for i in range(1, 30)]
    assert rest[10] == quoth.Unanswered("11", "no question", "ask")


@pytest.fixture(scope="module")
def kb(tmp_path_factory):
    kb = quoth.open(on_one_thread(tmp_path_factory.mktemp("asked") / "kb"))
    kb.add_texts(["The tapir weighs 300 kilograms.", "The lighthouse of Sund was built by Ada Holm."], ["t", "s"])
    return kb.folder


def test_from_the_command_line(kb, tmp_path):
    questions = "How many kilograms does the tapir weigh?\n" + "word " * 501 + "\nWho built the lighthouse of Sund?\n"
    file, out = write(tmp_path / "q.txt", questions), tmp_path / "a.jsonl"

    def ask(*options, status=1):
        result = CliRunner().invoke(app, ["ask", "--file", str(file), "--kb", str(kb), *options])
        assert result.exit_code == status, result.output
        return result

    first = ask("--out", str(out))
    assert "line 2: the question has 501 words" in first.stderr and "1 of 3 questions failed" in first.stderr
    assert first.stdout.startswith("2 answered: ")
    records = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(one["line"], one["id"]) for one in records] == [(1, ""), (3, "")]
    assert "300" in records[0]["answer"] and "Ada Holm" in records[1]["answer"]
    assert ask("--out", str(out)).stdout.startswith("0 answered, 2 were there")
    write(file, "Who built the lighthouse of Sund?\n")
    assert json.loads(ask("--json", status=0).stdout)["question"] == "Who built the lighthouse of Sund?"
    assert "Ada Holm" in ask(status=0).stdout


def test_one_or_the_other(kb, tmp_path):
    for arguments in ([], ["Who?", "--file", "q.txt"], ["Who?", "--out", "a.csv"]):
        result = CliRunner().invoke(app, ["ask", *arguments, "--kb", str(kb)])
        assert isinstance(result.exception, quoth.UsageError)
