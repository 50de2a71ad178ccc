"""`kb.seen_by`, groups and trust from end to end: the real parser, encoders and store."""

import json

import pytest
from typer.testing import CliRunner

import quoth
from pictures import draw, encoded
from quoth import NotFoundError, UsageError
from quoth.access import Keys
from quoth.interfaces.cli.main import app

open_knowledge = quoth.open


@pytest.fixture
def kb(tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "open.md").write_text("# Harbour\n\nThe harbour of Sund is open in winter.\n")
    (docs / "salaries.md").write_text("# Salaries\n\nThe harbour master of Sund earns 4,711 crowns.\n")
    (docs / "plan.png").write_bytes(encoded(draw("stripes", (200, 150))))
    knowledge = open_knowledge(tmp_path / "kb")
    knowledge.add(docs / "open.md")
    knowledge.add(docs / "salaries.md", docs / "plan.png", groups=["staff", "board"])
    return knowledge


@pytest.fixture
def docs(tmp_path):
    return tmp_path / "docs"


def names(hits):
    return {hit.passage.document.rpartition("/")[2] for hit in hits}


def counts(report):
    return report.added, report.updated, report.unchanged, report.passages


def test_a_view_finds_tells_and_draws_what_its_groups_may_see(kb, docs, tmp_path):
    for groups, seen in [((), {"open.md"}), (("staff",), {"open.md", "salaries.md", "plan.png"})]:
        view = kb.seen_by(groups)
        assert names(view.search("harbour master of Sund")) == seen
        assert {document.name.rpartition("/")[2] for document in view.documents()} == seen
        assert view.status().documents == view.status().passages == len(seen)
        assert names(view.search(image=docs / "plan.png")) == seen & {"plan.png"}
        view.pictures.map(tmp_path / "map.html")
        assert ("4,711" in (tmp_path / "map.html").read_text()) is ("salaries.md" in seen)
        assert view.seen_by([]).status().documents == 1
    assert kb.seen_by(["staff"]) is kb.seen_by(["staff"])
    assert kb.seen_by(["staff"])._encoder is kb._encoder
    assert kb.status().documents == 3
    assert kb.documents()[-1].groups == ("board", "staff")


def test_what_is_hidden_cannot_be_removed_replaced_or_learned_of(kb, docs):
    view = kb.seen_by(["press"])
    with pytest.raises(NotFoundError, match="no document"):
        view.remove("salaries.md")
    report = view.add(docs / "salaries.md")
    assert [failure.cause for failure in report.failed] == ["its name is taken"]
    with pytest.raises(UsageError, match="would not be seen"):
        view.add_texts(["A forged text."], names=["forged"], groups=["staff"])
    with pytest.raises(UsageError, match="all pictures"):
        kb.seen_by(["staff"]).pictures.fit("none")
    assert kb.status().documents == 3


def test_what_a_view_adds_is_for_its_groups_and_states_of_others_stay(kb):
    states = kb.folder / "states"
    assert kb.seen_by(["press"]).add_texts(["The fair opens in May."], names=["fair"]).added == 1
    assert kb.seen_by(["press"]).add_texts(["The fair ends in June."], names=["end"], groups=()).added == 1
    known = {document.name: document.groups for document in kb.documents()}
    assert (known["fair"], known["end"]) == (("press",), ())
    assert "fair" not in names(kb.seen_by([]).search("fair"))
    assert not states.exists()


def test_an_unchanged_file_changes_its_groups_without_being_read_again(kb, docs, monkeypatch):
    with monkeypatch.context() as without_a_parser:
        without_a_parser.setattr("sys.executable", "/nonexistent: nothing may be parsed now")
        assert counts(kb.add(docs)) == (0, 0, 3, 0)
        assert counts(kb.add(docs, groups=["board"])) == (0, 3, 0, 0)
        assert counts(kb.add(docs, groups=["board"])) == (0, 0, 3, 0)
        assert kb.seen_by(["staff"]).status().documents == 0
        assert kb.seen_by(["staff"]).search("harbour") == []
        assert kb.seen_by(["staff"]).search(image=docs / "plan.png") == []
        assert names(kb.seen_by(["board"]).search(image=docs / "plan.png")) == {"plan.png"}
        assert counts(kb.add(docs, groups=())) == (0, 3, 0, 0)
    assert kb.seen_by([]).status().documents == 3
    assert names(kb.seen_by([]).search(image=docs / "plan.png")) == {"plan.png"}


def test_a_folder_around_the_knowledge_base_is_added_without_its_uploads(kb, tmp_path):
    uploads = tmp_path / "kb" / "uploads" / "0123456789abcdef"
    uploads.mkdir(parents=True)
    for name in ("a.md", "b.md"):
        (uploads / name).write_text(f"Only the board knows of {name}.")
    kb.add(uploads, groups=["board"])
    kb.add(tmp_path, groups=["staff"])

    def seers():
        return {name.rpartition("/")[2]: known.groups for known in kb.documents() for name in [known.name]}

    expected = dict.fromkeys(("open.md", "salaries.md", "plan.png"), ("staff",))
    assert seers() == {**expected, "a.md": ("board",), "b.md": ("board",)}
    kb.add(tmp_path, str(uploads / "a*.md"), groups=["staff"])
    assert seers() == {**expected, "a.md": ("staff",), "b.md": ("board",)}


def test_a_changed_file_keeps_its_groups(kb, docs):
    (docs / "salaries.md").write_text("# Salaries\n\nThe harbour master of Sund earns 4,712 crowns.\n")
    assert counts(kb.add(docs)) == (0, 1, 2, 1)
    assert names(kb.seen_by([]).search("harbour master")) == {"open.md"}
    assert kb.documents()[-1].groups == ("board", "staff")


def test_trust_lowers_the_prior(kb):
    kb.add_texts(["Tapirs swim well."] * 2, names=["sure", "doubtful"])
    before = {hit.passage.document: hit for hit in kb.search("tapirs swim", 2)}
    assert kb.add_texts(["Tapirs swim well."], names=["doubtful"], trust=0.25).updated == 1
    after = {hit.passage.document: hit for hit in kb.search("tapirs swim", 2)}
    assert after["doubtful"].passage.trust == 0.25
    odds = [found["doubtful"].prior / found["sure"].prior for found in (before, after)]
    assert odds[1] / odds[0] == pytest.approx(0.25)
    assert after["doubtful"].score == before["doubtful"].score
    for trust in (0, -1, 1.5, float("nan")):
        with pytest.raises(UsageError, match="trust of"):
            kb.add_texts(["x"], trust=trust)


@pytest.mark.parametrize("name", ["", " ", "a,b", "a\nb", "\0"])
def test_names_of_groups(kb, name):
    with pytest.raises(UsageError, match="no name of a group"):
        kb.add_texts(["x"], groups=[name])
    with pytest.raises(UsageError, match="no name of a group"):
        kb.seen_by([name])


def test_a_text_is_no_list_of_groups(kb, tmp_path):
    for wrong in (
        lambda: kb.seen_by("hr"),
        lambda: kb.add_texts(["Words."], groups="board"),
        lambda: Keys(tmp_path).create(groups="board"),
    ):
        with pytest.raises(UsageError, match="give them as a list"):
            wrong()


def test_on_the_command_line(kb, docs):
    def run(*arguments):
        result = CliRunner().invoke(app, [*map(str, arguments), "--kb", str(kb.folder)], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "1 updated" in run("add", docs / "open.md", "--groups", "press, it's")
    listed = json.loads(run("documents", "--json"))
    assert [document["groups"] for document in listed] == [["it's", "press"], ["board", "staff"], ["board", "staff"]]
    assert "for it's, press" in run("documents")
    run("add", docs / "open.md", "--groups", "")
    assert json.loads(run("documents", "--json"))[0]["groups"] == []
