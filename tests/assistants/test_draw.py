"""`kb.draw` and `quoth draw`: from words over the pictures of a knowledge base to a file that says what it is."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import quoth
import tiny_diffusion
from pictures import draw, encoded, noise
from quoth.interfaces.cli.main import app


@pytest.fixture(scope="module")
def painter(tmp_path_factory):
    return tiny_diffusion.pipeline(tmp_path_factory.mktemp("draw") / "painter")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("kb")
    (root / "disc.png").write_bytes(encoded(draw()))
    (root / "stripes.png").write_bytes(encoded(draw("stripes")))
    (root / "blocks.png").write_bytes(encoded(noise()))
    quoth.open(root / "kb", threads=1).add(root / "disc.png", root / "stripes.png", root / "blocks.png")
    return root


def test_a_picture_after_those_that_are_found(folder, painter, tmp_path):
    kb = quoth.open(folder / "kb", image_model=painter)
    found = kb.search("stripes", 2, kind="image")
    first, second = kb.draw("stripes", 2, steps=4, seed=1, count=2)
    assert [one.references[0].passage.id for one in (first, second)] == [hit.passage.id for hit in found]
    made = first.provenance
    assert (made.prompt, made.model, made.seed, made.steps, made.strength) == ("stripes", "painter", 1, 4, 0.6)
    assert made.references[0].document == found[0].passage.document.rpartition("/")[2]
    assert made.references[0].digest == found[0].passage.picture
    assert made.version == kb.status().version
    first.save(tmp_path / "made.png")
    with Image.open(tmp_path / "made.png") as image:
        assert np.array_equal(np.asarray(image), first.pixels)
    [again] = kb.draw("stripes", steps=4, seed=1, references=found)
    assert np.array_equal(again.pixels, first.pixels)
    assert first._repr_png_().startswith(b"\x89PNG")


def test_by_words_alone_no_knowledge_base_is_needed(tmp_path, painter):
    kb = quoth.open(tmp_path / "none", image_model=painter)
    [drawn] = kb.draw("a cat", 0, steps=2)
    assert (drawn.references, drawn.provenance.way, drawn.provenance.strength) == ((), "text-to-image", None)
    with pytest.raises(quoth.NotFoundError):
        kb.draw("a cat", steps=2)


def test_another_model_draws_for_a_copy_and_is_loaded_once(folder, painter, tmp_path):
    kb = quoth.open(folder / "kb", image_model=painter)
    other = tiny_diffusion.pipeline(tmp_path / "other")
    assert kb.draw("a cat", 0, steps=2)[0].provenance.model == "painter"
    copy = kb.with_settings(image_model=other)
    assert copy.draw("a cat", 0, steps=2)[0].provenance.model == "other"
    assert copy.with_settings(passages=1).draw.generator is copy.draw.generator is not kb.draw.generator
    assert kb.with_settings(passages=1).draw.generator is kb.draw.generator


def test_nothing_is_loaded_to_draw_after_what_is_not_there(tmp_path, painter):
    kb = quoth.open(tmp_path / "none", image_model=painter)
    with pytest.raises(quoth.NotFoundError):
        kb.draw("a cat")
    assert "generator" not in vars(kb.draw)


def test_wrong_use(folder, painter):
    kb = quoth.open(folder / "kb", image_model=painter)
    with pytest.raises(quoth.UsageError, match="empty"):
        kb.draw(" ")
    with pytest.raises(quoth.UsageError, match="strength"):
        kb.draw("a cat", strength=2)
    with pytest.raises(quoth.UsageError, match="no model that draws"):
        quoth.open(folder / "kb").draw("a cat")


def run(*arguments, kb):
    return CliRunner().invoke(app, [*map(str, arguments), "--kb", str(kb)])


def test_the_command(folder, painter, tmp_path):
    options = ("--model", painter, "-k", "2", "--steps", "4", "--out", tmp_path / "made.png")
    shown = run("draw", "stripes", *options, "--sheet", tmp_path / "sheet.png", kb=folder / "kb")
    assert shown.exit_code == 0, shown.exception
    assert "stripes.png" in shown.stdout and "image-to-image" in shown.stdout
    with Image.open(tmp_path / "made.png") as image, Image.open(tmp_path / "sheet.png") as sheet:
        assert json.loads(image.text["quoth"])["seed"] == 0
        assert sheet.width > 3 * 220


def test_its_json(folder, painter, tmp_path):
    options = ("--model", painter, "-k", "1", "--steps", "4", "--out", tmp_path / "made.png", "-n", "2", "--json")
    made = json.loads(run("draw", "stripes", *options, kb=folder / "kb").stdout)
    assert [one["file"] for one in made] == [str(tmp_path / f"made-{i}.png") for i in (1, 2)]
    assert set(made[0]) == {
        "file", "prompt", "model", "way", "references", "seed", "steps", "strength", "version",
    }  # fmt: skip
    assert made[0]["references"][0]["document"].endswith("stripes.png")


def test_the_command_without_a_model_or_with_a_wrong_name(folder, tmp_path):
    for arguments in (["--out", tmp_path / "made.png"], ["--out", tmp_path / "made.txt", "--model", "x"]):
        found = run("draw", "a cat", *arguments, kb=folder / "kb")
        assert isinstance(found.exception, quoth.UsageError) and found.exception.cure
        assert found.stdout == ""
