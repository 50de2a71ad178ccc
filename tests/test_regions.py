"""`add --crops`: what lies in a part of a picture is found, by a picture and by words, and the part is told."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from typer.testing import CliRunner

import quoth
from pictures import encoded
from quoth.encoders import load_picture_encoder
from quoth.interfaces.cli.main import app
from quoth.regions import REGIONS, SMALLEST, cut, regions_of

EXAMPLES = ("chelsea.jpg", "coffee.jpg", "rocket.jpg", "astronaut.jpg")


def example(name):
    return Image.open(Path(__file__).parents[1] / "examples" / "pictures" / name).convert("RGB")


@pytest.fixture(scope="module")
def things():
    """Four pictures, one in each corner of a larger one."""
    collage = Image.new("RGB", (512, 512))
    for i, name in enumerate(EXAMPLES):
        collage.paste(ImageOps.fit(example(name), (256, 256)), (256 * (i % 2), 256 * (i // 2)))
    return collage


def filled(root, things, crops=True):
    """That, and one of them alone."""
    (root / "in").mkdir()
    (root / "in" / "things.png").write_bytes(encoded(things))
    (root / "in" / "coffee.png").write_bytes(encoded(example("coffee.jpg")))
    kb = quoth.open(root / "kb", threads=1)
    kb.add(root / "in", crops=crops)
    return kb


@pytest.fixture(scope="module")
def kb(tmp_path_factory, things):
    return filled(tmp_path_factory.mktemp("crops"), things)


def named(hits, name):
    return next(hit for hit in hits if hit.passage.document.endswith(name))


def test_the_layout():
    assert len(set(REGIONS)) == 5
    covered = np.zeros((100, 100), int)
    for box in REGIONS:
        assert 0 <= box.left < box.right <= 1 and 0 <= box.top < box.bottom <= 1
        covered[round(100 * box.top) : round(100 * box.bottom), round(100 * box.left) : round(100 * box.right)] += 1
    assert covered.min() == 1 and covered[50, 50] == 5
    pixels = np.random.default_rng(0).integers(0, 256, (200, 100, 3), np.uint8)
    np.testing.assert_array_equal(cut(pixels, REGIONS[3]), pixels[80:, 40:])
    assert regions_of(np.zeros((SMALLEST - 1, 500, 3), np.uint8)) == ()
    assert regions_of(np.zeros((SMALLEST, 500, 3), np.uint8)) == REGIONS


def test_a_picture_finds_its_like_in_a_corner(kb):
    for i, name in enumerate(EXAMPLES):
        assert named(kb.search(image=encoded(example(name))), "things.png").region == REGIONS[i], name
    whole = named(kb.search(image=encoded(example("coffee.jpg"))), "coffee.png")
    assert whole.region is None and whole.score == pytest.approx(1, abs=1e-3)


def test_the_score_is_the_nearest_regions(kb, things):
    hit = named(kb.search(image=encoded(example("rocket.jpg"))), "things.png")
    views = [np.asarray(things), *(cut(np.asarray(things), box) for box in REGIONS)]
    vectors = load_picture_encoder().encode([np.asarray(example("rocket.jpg")), *views]).vectors
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert hit.score == pytest.approx((units[1:] @ units[0]).max(), abs=0.02)


def test_words_find_the_part_too(kb):
    for words, corner in (("a cat", 0), ("a rocket on its way to space", 2)):
        assert named(kb.search(words, kind="image"), "things.png").region == REGIONS[corner]
        assert named(kb.search(words), "things.png").region == REGIONS[corner]


def test_each_picture_is_found_once_and_compared_whole(kb):
    assert len(kb.search(image=encoded(example("coffee.jpg")))) == 2
    assert kb.status().pictures == 2
    assert [len(group.members) for group in kb.pictures.neighbours(5)] == [2, 2]
    assert kb.pictures.matrix()[1].shape == (2, 2)
    assert len(kb.gallery.among_words(10)[0]) == 2


def test_it_is_remembered_and_gone_with_its_picture(tmp_path, things):
    filled(tmp_path, things)
    (tmp_path / "more.png").write_bytes(encoded(ImageOps.mirror(things)))
    kb = quoth.open(tmp_path / "kb", threads=1)
    kb.add(tmp_path / "more.png")
    assert named(kb.search("a cat"), "more.png").region == REGIONS[1]
    kb.remove("more.png")
    kb.remove("things.png")
    documents = {name for batch in kb.gallery.store().batches(99) for name in batch.documents}
    assert documents == {(tmp_path / "in" / "coffee.png").as_posix()}


def test_pictures_that_are_there_get_their_regions_at_once(tmp_path, things, kb):
    late = filled(tmp_path, things, crops=False)
    assert named(late.search("a cat"), "things.png").region is None
    assert late.add(tmp_path / "in", crops=True).unchanged == 2
    for words in ("a cat", "a rocket"):
        one, other = (named(each.search(words), "things.png") for each in (kb, late))
        assert one.region == other.region and one.similarity == pytest.approx(other.similarity, abs=0.1)


def test_a_fit_transforms_the_regions_and_is_fitted_on_the_wholes(tmp_path, things):
    pytest.importorskip("sklearn")
    kb = filled(tmp_path, things)
    assert kb.pictures.fit("pca", 1).pictures == 2
    assert all(batch.vectors.shape[1] == 1 for batch in kb.gallery.store().batches(99))
    kb.pictures.fit("none")
    assert named(kb.search(image=encoded(example("chelsea.jpg"))), "things.png").region == REGIONS[0]


def test_the_command_line_says_where(tmp_path, things):
    (tmp_path / "things.png").write_bytes(encoded(things))

    def run(*arguments):
        found = CliRunner().invoke(app, [*map(str, arguments), "--kb", str(tmp_path / "kb")])
        assert found.exit_code == 0, (found.output, found.exception)
        return found.stdout

    run("add", tmp_path / "things.png", "--crops")
    assert "picture, upper left" in run("search", "a cat", "--sheet", tmp_path / "sheet.png").replace("\n", " ")
    assert json.loads(run("search", "a cat", "--json"))[0]["region"] == pytest.approx([0, 0, 0.6, 0.6])
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert (0xE2, 0x57, 0x1E) in {colour for _, colour in sheet.getcolors(10_000_000)}
