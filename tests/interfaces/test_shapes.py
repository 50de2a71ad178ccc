"""The command line in this process: JSON shapes to the letter of `docs/json.md`, what people see."""

import json

import pytest
from typer.testing import CliRunner

import quoth
from one_thread import on_one_thread
from quoth.interfaces.cli.main import app

SOURCE = {"passage_id", "document", "title", "page", "kind", "start", "end", "quote", "weight", "seen", "boxes"}
HIT = {"rank", "score", "prior", "region", "passage_id", "document", "title", "page", "kind", "start", "end", "text"}
ANSWER = {
    "question", "answer", "abstained", "confidence", "decoding", "tokens", "sources", "memory_weight", "timing",
    "probability", "signals", "alternatives",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    on_one_thread(folder / "kb")
    (folder / "docs").mkdir()
    (folder / "docs" / "decorator.md").write_text(
        "# Decorators\n\nA decorator is a function that takes another function and returns a new one.\n",
        "utf-8",
    )
    (folder / "docs" / "tapir [x].txt").write_text("The tapir weighs 300 kilograms.", "utf-8")
    (folder / "docs" / "empty.txt").write_bytes(b"")
    return folder


@pytest.fixture
def quoth_(folder):
    """Runs a command on one knowledge base, which the first call makes."""

    def run(*arguments, status=0, kb=folder / "kb"):
        result = CliRunner().invoke(app, [*map(str, arguments), "--kb", str(kb)])
        assert result.exit_code == status, (result.output, result.exception)
        return result.stdout

    return run


@pytest.fixture
def asked(quoth_, folder):
    quoth_("add", folder / "docs", status=1)
    return lambda *arguments: json.loads(quoth_(*arguments, "--json"))


def test_add(quoth_, folder, tmp_path):
    report = json.loads(quoth_("add", folder / "docs", "--json", status=1, kb=tmp_path / "new"))
    assert set(report) == {"added", "updated", "unchanged", "removed", "passages", "seconds", "failed", "warm"}
    assert (report["added"], report["updated"], report["unchanged"], report["removed"]) == (2, 0, 0, 0)
    assert report["passages"] == 2
    [failed] = report["failed"]
    assert set(failed) == {"path", "cause", "cure"}
    assert failed["path"] == (folder / "docs" / "empty.txt").as_posix()
    assert failed["cause"] and failed["cure"]
    shown = quoth_("add", folder / "docs", status=1, kb=tmp_path / "new")
    assert "2 unchanged: 0 passages" in shown


def test_add_prunes_when_asked(quoth_, tmp_path):
    (tmp_path / "docs").mkdir()
    for name in ("a", "b"):
        (tmp_path / "docs" / f"{name}.txt").write_text(f"Text {name}.")
    quoth_("add", tmp_path / "docs", kb=tmp_path / "kb")
    (tmp_path / "docs" / "a.txt").unlink()
    assert json.loads(quoth_("add", tmp_path / "docs", "--json", kb=tmp_path / "kb"))["removed"] == 0
    assert json.loads(quoth_("add", tmp_path / "docs", "--prune", "--json", kb=tmp_path / "kb"))["removed"] == 1


def test_add_reads_ahead_when_asked(quoth_, folder, tmp_path):
    given = folder / "docs" / "tapir [x].txt"
    warm = json.loads(quoth_("add", given, "--warm", "--json", kb=tmp_path / "kb"))["warm"]
    assert set(warm) == {"written", "kept", "left_out", "seconds"}
    assert (warm["written"], warm["kept"], warm["left_out"]) == (1, 0, 0)
    shown = quoth_("add", given, "--warm", kb=tmp_path / "kb")
    assert "0 passage states written, 1 were there" in shown
    status = json.loads(quoth_("status", "--json", kb=tmp_path / "kb"))
    assert status["states"] == 2 and status["state_bytes"] > 1_000_000
    assert "passage states" in quoth_("status", kb=tmp_path / "kb")


def test_search(asked, quoth_, folder):
    hits = asked("search", "what is a decorator?")
    assert [set(hit) for hit in hits] == [HIT, HIT]
    assert [hit["rank"] for hit in hits] == [1, 2]
    assert sum(hit["prior"] for hit in hits) == pytest.approx(1)
    best = hits[0]
    assert best["document"] == (folder / "docs" / "decorator.md").as_posix()
    assert (best["title"], best["page"]) == ("Decorators", None)
    text = (folder / "docs" / "decorator.md").read_text("utf-8")
    assert text[best["start"] : best["end"]] == best["text"]
    assert len(asked("search", "decorator", "-k", "1")) == 1
    shown = quoth_("search", "how heavy is a tapir?")
    assert "tapir [x]" in shown and "300 kilograms" in shown


def test_ask(asked):
    answer = asked("ask", "How many kilograms does the tapir weigh?")
    assert set(answer) == ANSWER
    assert set(answer["timing"]) == {"retrieve_s", "first_token_s", "total_s"}
    assert answer["decoding"] == "sequence"
    assert answer["abstained"] is False
    assert "300" in answer["answer"]
    assert answer["answer"] == "".join(token["text"] for token in answer["tokens"])
    assert 0 < answer["confidence"] <= 1
    assert set(answer["signals"]) == {"similarity", "gain", "weakest", "fluency", "support", "agreement"}
    for token in answer["tokens"]:
        assert set(token) == {"text", "logprob", "posterior"}
        assert token["logprob"] <= 1e-6
        assert len(token["posterior"]) == len(answer["sources"]) + 1
        assert sum(token["posterior"]) == pytest.approx(1, abs=1e-4)
    assert all(set(source) == SOURCE for source in answer["sources"])
    weights = [source["weight"] for source in answer["sources"]]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) + answer["memory_weight"] == pytest.approx(1, abs=1e-4)
    assert answer["sources"][0]["quote"] in "The tapir weighs 300 kilograms."
    times = answer["timing"]
    assert 0 < times["retrieve_s"] <= times["first_token_s"] <= times["total_s"]


def test_ask_for_several_quotes(asked, quoth_):
    quotes = ("ask", "What does a decorator take?", "--decoding", "quote", "-n", "2", "--min-confidence", "0")
    answer = asked(*quotes)
    assert set(answer) == ANSWER
    assert answer["sources"][0]["quote"] == answer["answer"]
    [other] = answer["alternatives"]
    assert set(other) == {"answer", "probability", "source"} and set(other["source"]) == SOURCE
    assert 0 < other["probability"] <= 1 and 0 < answer["probability"] <= 1
    shown = quoth_(*quotes)
    assert other["answer"] in shown.replace("\n", " ")


def test_ask_refuses_what_the_documents_do_not_say(asked):
    answer = asked("ask", "Who won the battle of Waterloo?")
    assert set(answer) == ANSWER
    assert answer["abstained"] is True
    assert answer["tokens"] == []
    assert answer["answer"] == "The documents do not say."


def test_people_see_the_answer_its_sources_and_the_time(asked, quoth_):
    shown = quoth_("ask", "How many kilograms does the tapir weigh?", "--decoding", "token").replace("\n", "")
    assert all(what in shown for what in ("300", "tapir [x].txt", "The tapir weighs 300 kilograms.", "first token"))


def test_status(asked, quoth_, folder):
    status = asked("status")
    assert set(status) == {
        "path",
        "documents",
        "passages",
        "pictures",
        "encoder",
        "generator",
        "bytes",
        "states",
        "state_bytes",
        "version",
    }
    assert (status["documents"], status["passages"], status["path"]) == (2, 2, str(folder / "kb"))
    assert status["version"]
    shown = quoth_("status")
    assert status["encoder"] in shown and "MB" in shown


def test_remove(quoth_, folder, tmp_path):
    quoth_("add", folder / "docs", status=1, kb=tmp_path / "kb")
    assert json.loads(quoth_("remove", "decorator.md", "--json", kb=tmp_path / "kb")) == {
        "removed": (folder / "docs" / "decorator.md").as_posix()
    }
    assert "tapir [x].txt" in quoth_("remove", "tapir [x].txt", kb=tmp_path / "kb").replace("\n", "")
    assert json.loads(quoth_("search", "decorator", "--json", kb=tmp_path / "kb")) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", ""], ["search", "x", "-k", "0"], ["ask", " "], ["ask", "x", "--decoding", "nonsense"],
        ["ask", "x", "--passages", "-1"], ["ask", "x", "--model", "/nowhere.gguf"], ["remove", "nobody.txt"],
    ],
)  # fmt: skip
def test_wrong_use_is_an_error_with_a_cure(asked, folder, arguments):
    result = CliRunner().invoke(app, [*arguments, "--kb", str(folder / "kb")])
    assert isinstance(result.exception, quoth.UsageError)
    assert result.exception.cure
    assert result.stdout == ""
