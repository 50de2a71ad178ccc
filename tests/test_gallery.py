"""Pictures in a knowledge base, with the shipped encoders: they go in, are found, change and go out."""

import pytest
from PIL import Image

import quoth
from pictures import draw, encoded, noise

open_knowledge = quoth.open


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Six pictures and a text."""
    root = tmp_path_factory.mktemp("pictures")
    for seed in range(4):
        (root / f"blocks{seed}.png").write_bytes(encoded(noise((200, 150), seed)))
    (root / "stripes.jpg").write_bytes(encoded(draw("stripes", (200, 150)), "JPEG"))
    exif = Image.Exif()
    exif[270] = "The lighthouse of Sund"
    (root / "light.jpg").write_bytes(encoded(draw("disc", (200, 150)), "JPEG", exif=exif))
    (root / "notes.txt").write_text("The lighthouse of Sund was built in 1887 by Ben Ruiz.")
    (root / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    kb = open_knowledge(root / "kb")
    report = kb.add(root)
    assert (report.added, [failure.path.endswith("broken.png") for failure in report.failed]) == (7, [True])
    return kb, root


def names(hits):
    return [hit.passage.document.rpartition("/")[2] for hit in hits]


def test_a_picture_finds_itself_first_in_other_clothes(filled):
    kb, root = filled
    darker = noise((400, 300), 2).point(lambda value: value * 0.9)
    hits = kb.search(image=encoded(darker, "JPEG", quality=70), k=3)
    assert names(hits)[0] == "blocks2.png"
    assert 0.8 < hits[0].score <= 1
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert sum(hit.prior for hit in hits) == pytest.approx(1)
    assert kb.search(image=root / "stripes.jpg", k=1)[0].score == pytest.approx(1, abs=1e-4)


def test_words_find_passages_and_pictures(filled):
    kb, _ = filled
    assert set(names(kb.search("lighthouse of Sund", 2))) == {"notes.txt", "light.jpg"}
    assert names(kb.search("lighthouse of Sund", 1, kind="image")) == ["light.jpg"]
    assert names(kb.search("lighthouse of Sund", kind="text")) == ["notes.txt"]
    assert {hit.passage.kind for hit in kb.search("lighthouse", kind="image")} == {"image"}


def test_words_and_a_picture_together(filled):
    kb, root = filled
    hits = kb.search("lighthouse of Sund", image=root / "light.jpg")
    assert names(hits)[0] == "light.jpg"
    assert {hit.passage.kind for hit in hits} == {"image"}


def test_wrong_use(filled, tmp_path):
    kb, _ = filled
    with pytest.raises(quoth.UsageError, match="empty"):
        kb.search()
    with pytest.raises(quoth.UsageError, match="kind"):
        kb.search("x", kind="sound")
    with pytest.raises(quoth.NotFoundError):
        kb.search(image=tmp_path / "nowhere.png")
    with pytest.raises(quoth.DocumentError):
        kb.search(image=b"words")


def test_a_sheet_is_drawn(filled, tmp_path):
    kb, root = filled
    hits = kb.search("lighthouse of Sund", 3)
    kb.pictures.sheet(tmp_path / "sheet.png", hits, "lighthouse of Sund")
    kb.pictures.sheet(tmp_path / "sheet.jpg", kb.search(image=root / "light.jpg", k=6), image=root / "light.jpg")
    with Image.open(tmp_path / "sheet.png") as small, Image.open(tmp_path / "sheet.jpg") as large:
        assert small.width > 4 * 200 and large.height > small.height
    with pytest.raises(quoth.UsageError, match="extension"):
        kb.pictures.sheet(tmp_path / "sheet.words", hits)
    with pytest.raises(quoth.StoreError):
        kb.pictures.sheet(tmp_path / "nowhere" / "sheet.png", hits)


def test_changed_and_removed_pictures_are_gone(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for seed in range(2):
        (folder / f"{seed}.png").write_bytes(encoded(noise((64, 64), seed)))
    kb = open_knowledge(tmp_path / "kb")
    kb.add(folder)
    (folder / "0.png").write_bytes(encoded(noise((64, 64), 9)))
    assert kb.add(folder).updated == 1
    assert len(kb.gallery.store().vectors()[0]) == 2
    assert kb.search(image=folder / "0.png", k=1)[0].score == pytest.approx(1, abs=1e-4)
    kb.remove("0.png")
    for seed in range(2):
        (folder / f"{seed}.png").unlink()
    assert kb.add(folder, prune=True).removed == 1
    assert kb.search(image=encoded(noise())) == []
    assert kb.gallery.store().vectors()[0] == []


def test_another_encoder_is_refused(filled, tmp_path):
    import json
    import shutil
    from pathlib import Path

    kb, root = filled
    shutil.copytree(Path(quoth.__file__).parent / "models" / "efficientnet-lite0", tmp_path / "other")
    card = tmp_path / "other" / "model.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "version": "2"}))
    other = open_knowledge(kb.folder, picture_encoder=str(tmp_path / "other"))
    with pytest.raises(quoth.IncompatibleError, match="efficientnet-lite0/1"):
        other.search(image=root / "light.jpg")
