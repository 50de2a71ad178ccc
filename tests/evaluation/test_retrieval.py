"""Rankings: the layout of the data, the metrics against ranx, and `quoth eval` on three documents."""

import json
import random

import pytest
from typer.testing import CliRunner

import quoth
from quoth.errors import NotFoundError, UsageError
from quoth.evaluation import Query, read_beir
from quoth.evaluation.retrieval import measure
from quoth.interfaces.cli.main import app

CORPUS = [
    {"_id": "1", "title": "Tapirs", "text": "The tapir weighs 300 kilograms."},
    {"_id": "2", "title": "", "text": "The Danube flows through ten countries."},
    {"_id": "3", "title": "Violins", "text": "A violin has four strings."},
]
QUERIES = [
    {"_id": "a", "text": "How many kilograms does the tapir weigh?", "answers": ["300", "300 kilograms"]},
    {"_id": "b", "text": "How many strings has a violin?", "answers": ["four"], "metadata": {}},
    {"_id": "c", "text": "Who?", "answers": [], "is_impossible": True},
]


@pytest.fixture
def beir(tmp_path):
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    for name, rows in (("corpus", CORPUS), ("queries", QUERIES)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\t1\t1\nb\t3\t2\nb\t2\t0\n", "utf-8")
    return folder


def test_a_folder_is_read(beir):
    data = read_beir(beir)
    assert data.corpus["1"] == ("Tapirs", "The tapir weighs 300 kilograms.")
    assert data.queries[1:] == (
        Query("b", "How many strings has a violin?", ("four",)),
        Query("c", "Who?", is_impossible=True),
    )
    assert data.qrels == {"a": {"1": 1}, "b": {"3": 2, "2": 0}}


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_missing_file_is_named(beir, name):
    (beir / name).unlink()
    with pytest.raises(NotFoundError, match=name):
        read_beir(beir)


@pytest.mark.parametrize("line", ["{", "[]", "3", '{"text": "x"}', '{"_id": "x"}', ""])
@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
def test_a_bad_line_is_named(beir, name, line):
    with (beir / name).open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(UsageError, match=rf"{name}, line 4 "):
        read_beir(beir)


@pytest.mark.parametrize("line", ["a\t1", "a\t1\tmuch", "a 1 1"])
def test_a_bad_judgement_is_named(beir, line):
    with (beir / "qrels" / "test.tsv").open("a") as file:
        file.write(f"{line}\n")
    with pytest.raises(UsageError, match=r"test\.tsv, line 5 "):
        read_beir(beir)


def test_the_metrics_are_those_of_ranx():
    rng = random.Random(0)
    names = [f"d{n}" for n in range(150)]
    qrels = {f"q{n}": {d: rng.choice([1, 1, 2]) for d in rng.sample(names, rng.randint(1, 30))} for n in range(20)}
    run = {query: {d: rng.random() for d in rng.sample(names, 120)} for query in qrels}
    report = measure(qrels, run)
    # Said by ranx 0.3.21 of the same run; its compiler takes most of a minute, so it is not asked each time:
    # ranx.evaluate(ranx.Qrels(qrels), ranx.Run(run), ["ndcg@10", "recall@10", "recall@100"])
    assert report.ndcg_at_10 == pytest.approx(0.06289965334820914)
    assert report.recall_at_10 == pytest.approx(0.05946936758893281)
    assert report.recall_at_100 == pytest.approx(0.6278999909581751)
    assert report.queries == 20


def test_a_ranking_by_hand():
    # The one right document is second: 1 / log2(2 + 1).
    assert measure({"q": {"x": 1}}, {"q": {"y": 2.0, "x": 1.0}}).ndcg_at_10 == pytest.approx(0.6309, abs=1e-4)


def run(*arguments):
    result = CliRunner().invoke(app, ["eval", *map(str, arguments), "--json"])
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def test_eval_retrieval(beir):
    assert run("retrieval", "--beir", beir) == {
        "ndcg@10": 1.0,
        "recall@10": 1.0,
        "recall@100": 1.0,
        "queries": 2,
    }


def test_eval_qa(beir):
    report = run("qa", "--beir", beir, "--questions", 1)
    assert report == {
        "exact_match": report["exact_match"],
        "f1": report["f1"],
        "questions": 1,
        "decoding": "sequence",
    }
    assert 0 <= report["exact_match"] <= report["f1"] <= 100


def test_wrong_use_of_eval_is_told(beir, tmp_path):
    for arguments in (["retrieval", "--beir", tmp_path], ["qa", "--beir", beir, "--decoding", "nonsense"]):
        result = CliRunner().invoke(app, ["eval", *map(str, arguments)])
        assert isinstance(result.exception, quoth.UsageError)


@pytest.mark.parametrize("name", ["corpus.jsonl", "qrels/test.tsv"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n"], ids=["empty", "no UTF-8"])
def test_an_empty_or_undecodable_file_is_an_error_of_ours(beir, name, content):
    (beir / name).write_bytes(content)
    result = CliRunner().invoke(app, ["eval", "retrieval", "--beir", str(beir)])
    assert isinstance(result.exception, quoth.UsageError), result.exception
