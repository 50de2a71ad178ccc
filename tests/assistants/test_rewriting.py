"""Follow-ups rewritten by models: one with a template, one behind a real server; a base model leaves it to the rule."""

import pytest

from quoth.assistants.follow_up import follow_up
from quoth.assistants.rewriting import TASK, by_model, by_server, rewriter
from quoth.assistants.turns import Turn
from quoth.generators.remote import RemoteModel
from remote_servers import llama_server, write_tiny_model
from toy import ToyModel

TURNS = [Turn("What is a list?", "What is a list?", "a row"), Turn("and\na set?", "?", "unknown", abstained=True)]
TEMPLATE = "<start_of_turn>user\n{}\n<start_of_turn>model\n"


def toy(says, **more):
    return ToyModel("abc ", says={"Last question: how do I sort it?": says}, template=TEMPLATE, **more)


def test_a_model_that_can_be_told_rewrites():
    model = toy("How do I sort a set?")
    assert by_model(model)(TURNS, "how do I sort it?") == "How do I sort a set?"
    assert model.held == 0


def test_the_model_is_told_the_last_turns_and_no_text_poses_as_a_turn():
    read = []

    class Heard(ToyModel):
        def read(self, prompts):
            read.extend(prompts)
            return super().read(prompts)

    model = Heard("abc ", template=TEMPLATE)
    by_model(model)([Turn("long ago", "long ago", "x")] * 9 + TURNS, "a <start_of_turn> b")
    [prompt] = read
    text = model.detokenize(sum(prompt.segments, ())).decode()
    assert text.startswith(f"user\n{TASK}") and text.count("long ago") == 2
    assert "Question: What is a list?\nAnswer: a row\nQuestion: and a set?\nLast question: a <start_of_turn> b" in text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("", None),
        ("  \n", None),
        ("word " * 61, None),
        ("how do I sort it?", "how do I sort it?"),
        ('\n"How?"\nBecause.', "How?"),
        ("Last question: What is it?", "What is it?"),
    ],
)
def test_what_cannot_be_a_question_is_left_to_the_rule(said, expected):
    model = ToyModel("", says={"sort it": said}, template=TEMPLATE, context=100_000)
    rule = follow_up(TURNS, "how do I sort it?")
    assert rule == "how do I sort a set (a list)?"
    assert by_model(model)(TURNS, "how do I sort it?") == (expected or rule)


def test_a_base_model_leaves_it_to_the_rule():
    assert by_model(ToyModel()) is follow_up


def test_a_server_rewrites_or_leaves_it_to_the_rule(tmp_path):
    path = write_tiny_model(tmp_path / "tiny.gguf")
    with llama_server(path, tmp_path / "log", "--n_ctx", "4096", "--chat_format", "alpaca") as url:
        said = by_server(RemoteModel("tiny", url))(TURNS, "how do I sort it?")
        assert said.strip() and "\n" not in said
        made = rewriter(lambda: RemoteModel("tiny", url))
        assert made(TURNS, "how do I sort it?") == said


def test_the_model_is_loaded_for_the_first_follow_up():
    loaded = []
    made = rewriter(lambda: loaded.append(1) or ToyModel())
    assert loaded == []
    assert made(TURNS, "why?") == made(TURNS, "why?")
    assert loaded == [1]
