"""`kb.pictures`: comparing, other embeddings, maps, on the shipped encoder; and the commands over it."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import quoth
from pictures import draw, encoded, noise
from quoth.embeddings.quality import found_again
from quoth.interfaces.cli.main import app
from quoth.similarity import neighbours_kept

open_knowledge = quoth.open


EXAMPLES = Path(__file__).parents[1] / "examples" / "pictures"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """The example pictures in two folders (one of them is there twice, cropped and mirrored), and a text."""
    root = tmp_path_factory.mktemp("similar")
    for number, file in enumerate(sorted(EXAMPLES.iterdir())):
        folder = root / ("even" if number % 2 == 0 else "odd")
        folder.mkdir(exist_ok=True)
        shutil.copy(file, folder)
    (root / "notes.txt").write_text("Ben Ruiz built the lighthouse of Sund in 1887.")
    kb = open_knowledge(root / "kb")
    assert kb.add(root).added == 12
    return kb


@pytest.fixture
def command(filled):
    def run(*arguments):
        result = CliRunner().invoke(app, [*map(str, arguments), "--kb", str(filled.folder)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    return run


def name(one):
    return one.passage.document.rpartition("/")[2]


def test_a_mirrored_copy_is_a_duplicate(filled):
    report = filled.pictures.duplicates()
    groups = [{name(one) for one in group.members} for group in report.groups]
    assert groups == [{"chelsea.jpg", "chelsea-cropped.jpg"}]
    assert report.pictures == 11
    assert report.median < report.threshold < 1
    with pytest.raises(quoth.UsageError, match="cosine"):
        filled.pictures.duplicates(1.5)


def test_neighbours_outliers_clusters_and_the_matrix_agree(filled):
    passages, cosines = filled.pictures.matrix()
    groups = filled.pictures.neighbours(2)
    assert [group.members[0].passage for group in groups] == passages
    for row, group in zip(cosines, groups, strict=True):
        assert [one.cosine for one in group.members] == pytest.approx(sorted(row)[::-1][:3], abs=1e-5)
    assert len(filled.pictures.outliers(4)) == 4
    report = filled.pictures.clusters(3)
    assert sum(len(group.members) for group in report.clusters) == 11 and report.alone == ()


def test_a_pca_takes_the_place_of_the_vectors_and_can_be_taken_back(filled):
    image = EXAMPLES / "coffee.jpg"
    before = filled.search(image=image, k=1)
    record = filled.pictures.fit("pca", 100)
    assert (record.kind, record.pictures, record.options["components"]) == ("pca", 11, 10)
    found = filled.search(image=image, k=1)
    assert found[0].passage == before[0].passage and found[0].score == pytest.approx(1, abs=1e-3)
    other = open_knowledge(filled.folder)
    assert other.search(image=image, k=1)[0].passage == before[0].passage
    report = filled.pictures.report()
    assert (report.dimension, report.dimension_before, report.bytes) == (10, 1280, 40)
    assert report.neighbours_kept > 0.8
    assert report.folders == 2
    kb_text = filled.search("lighthouse", 1)[0]
    assert kb_text.passage.kind == "text"
    assert filled.pictures.fit("none").kind == "none"
    assert filled.search(image=image, k=1)[0].score == pytest.approx(1, abs=1e-3)
    assert filled.pictures.report().neighbours_kept == 1


def test_pictures_that_come_later_are_embedded_alike(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for seed in range(5):
        (folder / f"{seed}.png").write_bytes(encoded(noise((64, 64), seed)))
    kb = open_knowledge(tmp_path / "kb")
    kb.add(folder)
    kb.pictures.fit("pca", 3)
    (folder / "later.png").write_bytes(encoded(noise((64, 64), 11)))
    assert kb.add(folder).added == 1
    [hit] = kb.search(image=folder / "later.png", k=1)
    assert hit.passage.document.endswith("later.png") and hit.score == pytest.approx(1, abs=1e-3)


def test_wrong_use(filled, tmp_path):
    with pytest.raises(quoth.UsageError, match="magic"):
        filled.pictures.fit("magic")
    with pytest.raises(quoth.UsageError, match="no page"):
        filled.pictures.map(tmp_path / "map.txt")
    with pytest.raises(quoth.NotFoundError):
        _ = open_knowledge(tmp_path / "nowhere").pictures
    empty = open_knowledge(tmp_path / "kb")
    empty.add_texts(["words"])
    assert empty.pictures.duplicates().groups == ()
    with pytest.raises(quoth.UsageError, match="no pictures"):
        empty.pictures.report()


@pytest.mark.parametrize("end", ["html", "png"])
def test_maps(filled, tmp_path, end):
    file = tmp_path / f"map.{end}"
    filled.pictures.map(file, "<script>")
    if end == "png":
        with Image.open(file) as image:
            assert np.asarray(image.convert("L")).std() > 10
        return
    page = file.read_text("utf-8")
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    assert data["title"] == "<script>" and page.count("<script>") == 1
    assert sum("image" in item for item in data["items"]) == 11
    places = {(item["x"], item["y"]) for item in data["items"] if "image" in item}
    assert len(places) == 11


def test_the_commands(command, tmp_path):
    told = json.loads(command("similar", "--duplicates", "--json"))
    assert {one["document"].rpartition("/")[2] for group in told["groups"] for one in group} == {
        "chelsea.jpg",
        "chelsea-cropped.jpg",
    }
    assert "threshold: cosine" in command("similar", "--duplicates", "--sheet", tmp_path / "twice.png")
    assert (tmp_path / "twice.png").stat().st_size > 1000
    assert len(json.loads(command("similar", "-k", 2, "--json"))) == 11
    assert len(json.loads(command("similar", "--outliers", 3, "--json"))) == 3
    assert set(json.loads(command("similar", "--clusters", 2, "--json"))) == {"clusters", "alone"}
    command("similar", "--matrix", tmp_path / "matrix.csv")
    with (tmp_path / "matrix.csv").open() as file:
        rows = list(csv.reader(file))
    assert len(rows) == 12 and all(float(row[i + 1]) == pytest.approx(1) for i, row in enumerate(rows[1:]))
    assert "map.html" in command("map", tmp_path / "map.html").replace("\n", "")
    assert "explained variance" in command("embed", "fit", "--dimension", 4)
    report = json.loads(command("embed", "report", "--json"))
    assert (report["dimension"], report["bytes"], report["record"]["kind"]) == (4, 16, "pca")
    assert "neighbours kept" in command("embed", "report")
    assert json.loads(command("embed", "fit", "--kind", "none", "--json"))["kind"] == "none"
    shown = command("search", "--image", tmp_path / "twice.png", "-k", 2, "--sheet", tmp_path / "sheet.png")
    assert "picture" in shown and (tmp_path / "sheet.png").is_file()


def test_found_again_by_hand():
    """Three of a, two of b, on a circle."""
    angles = np.radians([0, 10, 60, 30, 31])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    recall, average = found_again(vectors, ["a", "a", "a", "b", "b"])
    # a at 0: 10(a) 30 31 60(a): (1 + 2/4)/2; at 10: 0(a) 30 31 60(a): .75; at 60: 31 30 10(a) 0(a): (1/3 + 2/4)/2.
    # b at 30: 31(b): 1; b at 31: 30(b): 1.
    assert recall == pytest.approx(4 / 5)
    assert average == pytest.approx((0.75 + 0.75 + (1 / 3 + 1 / 2) / 2 + 1 + 1) / 5)
    assert found_again(vectors, range(5)) == (0.0, 0.0)
    assert neighbours_kept(vectors, vectors, 2) == 1.0
    assert neighbours_kept(vectors[:1], vectors[:1]) == 1.0


@pytest.mark.parametrize(("kind", "labels"), [("siamese", "views"), ("autoencoder", "views")])
def test_a_network_takes_the_place_of_the_vectors(tmp_path, kind, labels):
    pytest.importorskip("pytorch_metric_learning")
    for seed in range(20):
        (tmp_path / f"{seed}.png").write_bytes(encoded(noise((64, 64), seed)))
    kb = open_knowledge(tmp_path / "kb")
    kb.add(tmp_path)
    record = kb.pictures.fit(kind, 8, labels=labels)
    assert (record.kind, kb.pictures.report().dimension) == (kind, 8)
    [hit] = kb.search(image=tmp_path / "5.png", k=1)
    assert hit.passage.document.endswith("/5.png") and hit.score == pytest.approx(1, abs=1e-2)


def test_folders_as_labels(tmp_path):
    pytest.importorskip("pytorch_metric_learning")
    for seed in range(12):
        folder = tmp_path / f"object{seed % 4}"
        folder.mkdir(exist_ok=True)
        colour = ["red", "green", "blue", "black"][seed % 4]
        (folder / f"{seed}.png").write_bytes(encoded(draw("disc", (80 + seed, 64), colour)))
    kb = open_knowledge(tmp_path / "kb")
    kb.add(tmp_path)
    # In as many numbers as the vectors: what is promised then holds however the machine adds.
    figures = kb.pictures.fit("siamese", 1280, labels="folders").figures
    assert figures["map"] >= figures["map_raw"]
    assert kb.pictures.report().folders == 4
    with pytest.raises(quoth.UsageError, match="labels"):
        kb.pictures.fit("siamese", labels="colours")
    with pytest.raises(quoth.UsageError, match="dimension"):
        kb.pictures.fit("pca", 0)
