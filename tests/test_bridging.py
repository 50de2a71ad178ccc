"""`embed fit --kind bridge`: fitted on the pictures' own words, put in place in one commit, and taken back."""

import json

import numpy as np
import pytest
from PIL import PngImagePlugin
from typer.testing import CliRunner

import quoth
from pictures import draw, encoded, noise
from quoth.interfaces.cli.main import app

COLOURS = {"red": "a fire engine", "blue": "the deep sea", "green": "a meadow", "black": "a night without stars"}


def caption(words):
    said = PngImagePlugin.PngInfo()
    said.add_text("Description", words)
    return said


def fill(folder):
    """Discs and stripes in four colours, each with words that its colour stands for; and some without words."""
    folder.mkdir()
    for i in range(40):
        colour = list(COLOURS)[i % 4]
        image = draw(("disc", "stripes")[i // 4 % 2], (96 + i, 64 + i), colour, ground=colour if i % 8 < 4 else "white")
        (folder / f"{i}.png").write_bytes(encoded(image, pnginfo=caption(COLOURS[colour])))
    for seed in range(2):
        (folder / f"noise{seed}.png").write_bytes(encoded(noise(seed=seed)))
    return folder


@pytest.fixture
def kb(tmp_path):
    kb = quoth.open(tmp_path / "kb", threads=1)
    kb.add(fill(tmp_path / "in"))
    return kb


def rows(kb):
    return {name: batch.seen[i] for batch in kb.gallery.store().batches(99) for i, name in enumerate(batch.ids)}


def shown(kb, words, k=5):
    """Which of the words that belong to a colour the first pictures have, by their looks alone."""
    near = kb.gallery.showing(words, k)
    passages = kb.gallery._passages().passages([one.id for one in near])
    return [passages[one.id].said for one in near]


def test_words_find_by_looks_what_was_said_of_the_like(kb, tmp_path):
    before, vectors = rows(kb), kb.gallery.store().vectors()
    record = kb.pictures.fit("bridge")
    assert (record.kind, record.pictures) == ("bridge", 40)
    assert record.figures["recall_at_5"] >= record.figures["recall_at_5_before"]
    assert record.options["ridge"] > 0
    space = kb.gallery.store().space
    assert space.bridge.startswith("bridge-384-") and space.base == space.seen == 384
    np.testing.assert_array_equal(kb.gallery.store().vectors()[1], vectors[1])
    assert shown(kb, "the deep sea", 3) == ["the deep sea"] * 3
    (tmp_path / "new.png").write_bytes(encoded(draw("disc", (70, 70), "blue", ground="blue")))
    again = quoth.open(tmp_path / "kb", threads=1)
    again.add(tmp_path / "new.png")
    assert "" in shown(again, "the deep sea", 15)  # nothing is said of the new one, but it looks like those
    again.remove("new.png")
    assert again.pictures.fit("none").kind == "none"
    assert again.gallery.store().space.bridge == ""
    after = rows(again)
    assert set(after) == set(before)
    for name, row in before.items():
        np.testing.assert_allclose(after[name], row, atol=1e-6)


def test_fitting_again_begins_at_the_shipped_one(kb):
    kb.pictures.fit("bridge")
    first = rows(kb)
    kb.pictures.fit("bridge")
    for name, row in rows(kb).items():
        np.testing.assert_allclose(first[name], row, atol=1e-5)


def test_it_stands_beside_another_embedding_and_regions(tmp_path):
    pytest.importorskip("sklearn")
    kb = quoth.open(tmp_path / "kb", threads=1)
    kb.add(fill(tmp_path / "in"), crops=True)
    kb.pictures.fit("bridge")
    kb.pictures.fit("pca", 10)
    space = kb.gallery.store().space
    assert (space.dimension, space.crops) == (10, True) and space.bridge and space.embedding
    report = kb.pictures.report()
    assert (report.record.kind, report.bridge.kind) == ("pca", "bridge")
    assert shown(kb, "the deep sea", 3) == ["the deep sea"] * 3


def test_too_few_pairs_change_nothing(tmp_path):
    (tmp_path / "in").mkdir()
    for seed in range(3):
        (tmp_path / "in" / f"{seed}.png").write_bytes(encoded(noise(seed=seed), pnginfo=caption("blocks")))
    kb = quoth.open(tmp_path / "kb", threads=1)
    kb.add(tmp_path / "in")
    with pytest.raises(quoth.UsageError, match="said of 3 pictures, which is too few"):
        kb.pictures.fit("bridge")
    assert kb.gallery.store().space.bridge == ""


def test_an_interrupted_fit_changes_nothing(kb, monkeypatch):
    from quoth import fitting

    before = rows(kb)

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(fitting, "bridged", stop)
    with pytest.raises(KeyboardInterrupt):
        kb.pictures.fit("bridge")
    assert kb.gallery.store().space.bridge == ""
    for name, row in rows(kb).items():
        np.testing.assert_array_equal(before[name], row)


def test_the_command_line(kb):
    def run(*arguments):
        found = CliRunner().invoke(app, [*map(str, arguments), "--kb", str(kb.folder)])
        assert found.exit_code == 0, (found.output, found.exception)
        return found.stdout

    assert "bridge, fitted on 40 pictures" in run("embed", "fit", "--kind", "bridge")
    assert "words to picture, R@5" in run("embed", "report")
    said = json.loads(run("embed", "report", "--json"))
    assert said["record"] is None and said["bridge"]["kind"] == "bridge"
