"""A conversation with the toy model: what is asked, what is remembered, what is kept in its file."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import quoth
from quoth.assistants.ask import Asker
from quoth.assistants.chat import Chat, begin
from quoth.assistants.conversations import ConversationFile, Conversations
from quoth.assistants.follow_up import follow_up, stands_alone
from quoth.assistants.turns import Cited, Turn, as_record, from_record
from quoth.errors import NotFoundError, QuothError, StoreError, UsageError
from quoth.rendering import word_of, words
from quoth.settings import Settings
from quoth.types import Hit, Passage
from toy import ToyModel


class Listed:
    """A retriever that finds one passage, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def retrieve(self, question, k):
        self.asked.append(question)
        return [Hit(Passage("/docs/red.md", "Zoo", "zebras", 0, 6, line=7), 1, 1.0, float(np.log(1.0)), 0.9)]


@pytest.fixture
def retriever():
    return Listed()


@pytest.fixture
def model():
    return ToyModel("abc ", says={"zebras": "a red one"})


@pytest.fixture
def ask(retriever, model):
    return Asker(retriever, model, Settings(min_confidence=0.0, beams=1)).stream


@pytest.fixture
def chat(ask):
    return Chat(ask, follow_up)


def test_a_first_message_is_the_question(chat, retriever):
    stream = chat.say("What is a list?")
    assert (stream.question, stream.rewritten) == ("What is a list?", False)
    assert "".join(stream) == stream.answer.text == "a red one"
    assert retriever.asked == ["What is a list?"]


def test_a_follow_up_is_asked_with_what_it_follows(chat, retriever):
    assert chat.say("What is a list?").answer
    stream = chat.say("how do I sort it?")
    assert stream.rewritten and stream.question == "how do I sort a list?"
    assert retriever.asked == ["What is a list?"]  # nothing is retrieved before the first piece is wanted
    assert stream.answer.question == retriever.asked[-1] == stream.question


def test_without_rewriting_messages_are_taken_as_they_are(ask):
    chat = begin(ask, [("What is a list?", "a row")], rewrite=None, file=None)
    stream = chat.say("and a set?")
    assert (stream.question, stream.rewritten) == ("and a set?", False)


def test_a_history_is_gone_on_with(ask):
    chat = begin(ask, [("What is a list?", "a row"), ("and a set?", "a bag")], rewrite=follow_up, file=None)
    assert [turn.question for turn in chat.turns] == ["What is a list?", "What is a set (a list)?"]
    assert chat.say("why?").question == "why (a list)?"
    assert chat.say("How do I open a file?").question == "How do I open a file?"


def test_turns_tell_what_was_said_and_from_where(chat):
    assert chat.last is None and chat.turns == ()
    answer = chat.say("What is a list?").answer
    [turn] = chat.turns
    assert (turn.message, turn.question, turn.answer) == ("What is a list?", "What is a list?", "a red one")
    assert not turn.rewritten and turn.time.tzinfo and turn.confidence == answer.confidence
    source = answer.sources[0]
    assert turn.sources[0] == Cited(
        source.passage.id, "/docs/red.md", "Zoo", "line 7", "zebras", source.start, source.end, source.weight
    )
    assert "".join(word.text for word in turn.words).strip() == answer.text
    for kept, word in zip(turn.words, words(answer), strict=True):
        assert kept.posterior == pytest.approx(word.posterior, abs=5e-4) and kept.source == word.source
    assert chat.last is answer


def test_undo_goes_back_a_turn(chat):
    assert chat.say("What is a list?").answer and chat.say("and a set?").answer
    assert chat.undo().message == "and a set?"
    assert chat.say("why?").question == "why (a list)?"
    chat.undo()
    with pytest.raises(UsageError, match="no turn"):
        chat.undo()


def test_an_answer_that_is_stopped_is_no_turn_and_frees_the_model(chat, model):
    stream = chat.say("What is a list?")
    for _ in stream:
        break
    stream.close()
    assert model.held == 0 and chat.turns == ()
    with pytest.raises(QuothError):
        stream.answer  # noqa: B018
    whole = chat.say("What is a list?")
    assert whole.answer and whole.close() is None and whole.answer.text
    assert len(chat.turns) == 1


@pytest.mark.parametrize("message", ["", "  \n", "word " * 501])
def test_what_is_no_message(chat, message):
    with pytest.raises(UsageError):
        chat.say(message)


def test_a_conversation_is_kept_line_by_line_and_gone_on_with(ask, tmp_path):
    file = tmp_path / "new" / "a.jsonl"
    chat = begin(ask, (), rewrite=follow_up, file=file)
    assert not file.exists()
    assert chat.say("Was ist für „ß“?").answer
    assert chat.say("and a set?").answer
    lines = file.read_text("utf-8").splitlines()
    assert "für „ß“" in lines[0] and len(lines) == 2
    first = json.loads(lines[0])
    told = ["time", "message", "question", "answer", "abstained", "confidence", "memory_weight", "sources", "words"]
    assert list(first) == told
    assert list(first["sources"][0]) == ["passage", "document", "title", "place", "quote", "start", "end", "weight"]
    assert all(sum(word["posterior"]) == pytest.approx(1, abs=0.01) for word in first["words"])
    again = begin(ask, (), rewrite=follow_up, file=file)
    assert again.turns == chat.turns
    assert again.undo().message == "and a set?"
    assert file.read_text("utf-8").splitlines() == lines[:1]
    with pytest.raises(UsageError, match="history"):
        begin(ask, [("a", "b")], rewrite=follow_up, file=file)


def turn(message="What?", answer="That."):
    cited = Cited("1", "d", "t", "line 1", "q", 0, 1, 0.5)
    return Turn(message, message, answer, sources=(cited,), words=(word_of(answer, (0.75, 0.25)),))


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_a_kill_broke_is_left_out_and_said(tmp_path, cut):
    path = tmp_path / "a.jsonl"
    kept = ConversationFile(path)
    kept.append(turn("first"))
    whole = path.read_bytes()
    kept.append(turn("second"))
    path.write_bytes(path.read_bytes()[: len(whole) + cut])
    found = ConversationFile(path)
    assert [one.message for one in found.turns] == ["first"]
    assert "broken" in found.broken and str(path) in found.broken
    found.append(turn("third"))
    again = ConversationFile(path)
    assert [one.message for one in again.turns] == ["first", "third"] and not again.broken


def test_a_last_line_without_its_end_counts(tmp_path):
    path = tmp_path / "a.jsonl"
    ConversationFile(path).append(turn("first"))
    path.write_bytes(path.read_bytes().rstrip())
    found = ConversationFile(path)
    found.append(turn("second"))
    found.undo()
    found.append(turn("third"))
    assert [one.message for one in ConversationFile(path).turns] == ["first", "third"]


MISCOUNTED = json.dumps(as_record(turn()) | {"words": [{"text": "That.", "posterior": [1.0]}]}).encode()


@pytest.mark.parametrize("line", [b"{}", b"null", b"[1]", b'{"time": 1}', b"\xff", b"hello", MISCOUNTED])
def test_another_line_that_is_no_turn_is_an_error_with_its_number(tmp_path, line):
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n" + line + b"\n")
    with pytest.raises(StoreError, match="line 2"):
        ConversationFile(path)


def test_two_programs_do_not_write_over_each_other(tmp_path):
    one, other = (ConversationFile(tmp_path / "a.jsonl") for _ in range(2))
    one.append(turn("one"))
    for change in (lambda: other.append(turn("other")), one.undo and other.undo):
        with pytest.raises((StoreError, UsageError)):
            change()
    assert [t.message for t in ConversationFile(tmp_path / "a.jsonl").turns] == ["one"]


def test_what_was_said_survives_a_kill(tmp_path):
    code = (
        "import os, sys; from quoth.assistants.conversations import ConversationFile as F\n"
        "from quoth.assistants.turns import Turn\n"
        "file = F(__import__('pathlib').Path(sys.argv[1]))\n"
        "for i in range(3): file.append(Turn(str(i), str(i), 'x'))\n"
        "os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.jsonl")], check=False)
    assert [one.message for one in ConversationFile(tmp_path / "a.jsonl").turns] == ["0", "1", "2"]


def test_what_does_not_fit_on_the_disk_leaves_the_conversation_whole(tmp_path):
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from quoth.assistants.conversations import ConversationFile as F\n"
        "from quoth.assistants.turns import Turn\n"
        "from quoth.errors import StoreError\n"
        "path = Path(sys.argv[1]); file = F(path)\n"
        "file.append(Turn('first', 'first', 'x'))\n"
        "free = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, free[1]))\n"
        "try: file.append(Turn('lost', 'lost', 'x'))\n"
        "except StoreError: print('said')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, free)\n"
        "file.append(Turn('second', 'second', 'x'))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "a.jsonl")], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("said\n", "")
    found = ConversationFile(tmp_path / "a.jsonl")
    assert [one.message for one in found.turns] == ["first", "second"] and not found.broken


def test_conversations_are_listed_opened_and_deleted(tmp_path):
    kept = Conversations(tmp_path / "conversations")
    assert kept.list() == []
    kept.open("lists").append(turn("What is a list?"))
    kept.open("größe 2").append(turn("Wie groß?"))
    (tmp_path / "conversations" / "odd.jsonl").write_text("{}\n")
    found = {one.name: one for one in kept.list()}
    assert (found["lists"].turns, found["lists"].first) == (1, "What is a list?")
    assert found["größe 2"].first == "Wie groß?" and "line 1" in found["odd"].first
    kept.delete("lists")
    assert {one.name for one in kept.list()} == {"größe 2", "odd"}
    with pytest.raises(NotFoundError, match="lists"):
        kept.delete("lists")


@pytest.mark.parametrize("name", ["", " ", "../x", "a/b", "a\\b", ".hidden", "a\nb", "a:b", "x" * 101])
def test_what_cannot_name_a_conversation(tmp_path, name):
    with pytest.raises(UsageError):
        Conversations(tmp_path).path(name)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(texts, texts, texts, st.booleans(), st.floats(0, 1))
def test_a_turn_comes_back_from_its_line(message, question, answer, abstained, confidence):
    cited = Cited("1", answer, message, "p. 1", question, 0, len(question), 0.5)
    said = (word_of(answer, (confidence, 1 - confidence)),)
    one = Turn(message, question, answer, abstained, confidence, 0.25, (cited,), said)
    assert from_record(json.loads(json.dumps(as_record(one), ensure_ascii=False))) == one


FOLLOW_UPS = [
    "and in Python 3.12?",
    "why?",
    "how do I undo it?",
    "what about sets?",
    "in reverse?",
    "An example, please.",
]
ALONE = ["What is a decorator?", "list comprehension syntax", "How do I read a file and close it?"]


@pytest.mark.parametrize("message", FOLLOW_UPS)
def test_follow_ups_do_not_stand_alone(message):
    assert not stands_alone(message)


@pytest.mark.parametrize("message", ALONE)
def test_questions_stand_alone(message):
    assert stands_alone(message)


LIST, PIP, SPLIT = "What is a list?", "How do I install a package with pip?", "What does str.split do?"


@pytest.mark.parametrize(
    ("earlier", "message", "question"),
    [
        ([LIST], "how do I sort it?", "how do I sort a list?"),
        ([LIST], "What about its length?", "What is a list’s length?"),
        ([LIST], "and linked ones?", "What is linked list?"),
        ([LIST], "and in C?", "What is a list in C?"),
        ([LIST], "what about sets?", "What is sets (a list)?"),
        ([LIST], "why?", "why (a list)?"),
        ([LIST], "How do I open a file?", "How do I open a file?"),
        ([PIP], "from GitHub?", "How do I install a package with pip from GitHub?"),
        ([PIP], "and uninstall?", "How do I uninstall (install a package with pip)?"),
        ([PIP], "how do I undo it?", "how do I undo it (install a package with pip)?"),
        ([SPLIT], "from the right?", "What does str.split do from the right?"),
        ([SPLIT], "but is it fast?", "is str.split fast?"),
        ([LIST, "and a set?"], "how do I sort it?", "how do I sort a set (a list)?"),
        ([LIST, "and a set?"], "and a tuple?", "What is a tuple (a list)?"),
        ([LIST, "why?"], "how do I sort it?", "how do I sort a list?"),
        ([PIP, LIST], "how do I sort it?", "how do I sort a list?"),
        (["why?"], "and how?", "how (why)?"),
        (["What is " + "a very " * 300], "why?", "why (" + ("a very " * 19).strip() + ")?"),
        ([LIST], "and " * 31, "and " * 31),
    ],
)
def test_what_a_follow_up_asks(earlier, message, question):
    assert follow_up([Turn(one, one, "") for one in earlier], message) == question


@given(texts, st.lists(texts, min_size=1, max_size=4))
def test_no_message_is_too_odd(message, earlier):
    question = follow_up([Turn(one, one, "") for one in earlier], message)
    assert question.split() if message.split() else question == message
    assert question == message or not stands_alone(message)


ODD = "it and why sets in what about list a how its ? (x) does"


@given(st.lists(st.sampled_from(ODD.split()), min_size=1, max_size=6))
def test_what_a_message_is_about_is_never_lost(words):
    question = follow_up([Turn(PIP, PIP, "")], " ".join(words))
    assert {word for word in words if word in ("sets", "list", "(x)")} <= set(question.replace("?", " ").split())


def test_the_way_to_rebuild_a_knowledge_base_spares_its_conversations(tmp_path):
    knowledge = quoth.open(tmp_path / "kb")
    knowledge.add_texts(["A list is a row."])
    knowledge.conversations.open("lists").append(turn())
    (tmp_path / "kb" / "quoth.json").write_text("{")
    with pytest.raises(StoreError) as raised:
        quoth.open(tmp_path / "kb")
    assert raised.value.cure.startswith(f"move {tmp_path / 'kb' / 'conversations'} away")


def test_a_knowledge_base_converses(tmp_path):
    knowledge = quoth.open(tmp_path / "kb")
    with pytest.raises(NotFoundError):
        knowledge.chat()
    knowledge.add_texts(["A list is a row."])
    kept = knowledge.conversations.path("lists")
    assert knowledge.chat([("What is a list?", "a row")]).turns[0].answer == "a row"
    assert knowledge.chat(file=kept).turns == ()
    assert not kept.parent.exists()
