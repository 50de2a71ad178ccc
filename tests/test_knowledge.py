"""KnowledgeBase: what goes in, what is found, what is refused. The real parser, encoder and store."""

import os

import pytest

import quoth
from quoth import NotFoundError, UsageError
from quoth.errors import StoppedError
from quoth.store.lance import LanceStore

TAPIR = "# Tapirs\n\nThe tapir is a shy animal that swims well.\n"
HTML = "<html><head><title>Violins</title></head><body><p>A violin has four strings.</p></body></html>"


@pytest.fixture
def docs(tmp_path):
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "tapir.md").write_text(TAPIR, "utf-8")
    (folder / "rivers.txt").write_text("The Danube flows through ten countries.", "utf-8")
    (folder / "sub" / "violin.html").write_text(HTML, "utf-8")
    return folder


@pytest.fixture
def kb(tmp_path):
    return quoth.open(tmp_path / "kb")


def counts(report):
    return report.added, report.updated, report.unchanged, report.removed


def texts(kb, query="tapir violin river"):
    return {hit.passage.text for hit in kb.search(query, 100)}


def test_a_folder_goes_in_and_each_thing_is_found(kb, docs):
    report = kb.add(docs)
    assert counts(report) == (3, 0, 0, 0)
    assert report.passages == 3
    assert report.failed == ()
    for query, name in [
        ("swimming animals", "tapir.md"),
        ("Danube", "rivers.txt"),
        ("strings", "sub/violin.html"),
    ]:
        hit = kb.search(query, 2)[0]
        assert hit.passage.document == (docs / name).as_posix()
        assert hit.rank == 1
    assert sum(hit.prior for hit in kb.search("strings")) == pytest.approx(1)


def test_an_add_ends_once(kb, docs, monkeypatch):
    """Putting the indexes in order reads all tables."""
    ended, real = [], LanceStore.optimize
    monkeypatch.setattr(LanceStore, "optimize", lambda store: ended.append(real(store)))
    assert counts(kb.add(docs, quoth.Rows("sqlite://", "select 1 as id, 'words' as text"))) == (4, 0, 0, 0)
    assert len(ended) == 1


def test_unchanged_files_are_not_parsed_again_changed_ones_replaced_vanished_ones_pruned(kb, docs, monkeypatch):
    kb.add(docs)
    (docs / "rivers.txt").write_text("The Nile flows north.", "utf-8")
    (docs / "new.txt").write_text("A new text.", "utf-8")
    (docs / "tapir.md").unlink()
    report = kb.add(docs)
    assert counts(report) == (1, 1, 1, 0)
    assert report.passages == 2
    assert any("tapir" in text for text in texts(kb))
    with monkeypatch.context() as without_a_parser:
        without_a_parser.setattr("sys.executable", "/nonexistent: nothing may be parsed now")
        pruned = kb.add(docs, prune=True)
    assert counts(pruned) == (0, 0, 3, 1)
    assert pruned.passages == 0
    assert texts(kb) == {"The Nile flows north.", "A new text.", "A violin has four strings."}


def test_a_touched_file_is_unchanged_and_a_second_handle_knows_it(kb, docs):
    kb.add(docs)
    os.utime(docs / "tapir.md")
    assert counts(quoth.open(kb.folder).add(docs / "tapir.md", docs)) == (0, 0, 3, 0)


def test_pruning_leaves_what_lies_elsewhere(kb, docs, tmp_path):
    other = tmp_path / "docs-too.txt"
    other.write_text("Elsewhere.", "utf-8")
    kb.add(docs, other)
    kb.add_texts(["No file at all."], names=["note"])
    other.unlink()
    assert counts(kb.add(docs, prune=True)) == (0, 0, 3, 0)
    assert kb.status().documents == 5
    assert counts(kb.add(tmp_path, prune=True)) == (0, 0, 3, 1)
    assert kb.status().documents == 4


def test_pruning_a_folder_that_is_gone_removes_its_documents(kb, docs):
    kb.add(docs)
    (docs / "sub" / "violin.html").unlink()
    (docs / "sub").rmdir()
    assert kb.add(docs / "sub", prune=True).removed == 1


def test_bad_files_are_reported_and_the_rest_goes_in(kb, docs):
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\nrubbish")
    (docs / "empty.txt").write_bytes(b"")
    (docs / "fake.docx").write_bytes(b"PK\x03\x04rubbish")
    (docs / "gone.txt").symlink_to(docs / "nowhere")
    report = kb.add(docs, docs / "missing.txt")
    assert counts(report) == (3, 0, 0, 0)
    assert {failure.path.rsplit("/")[-1] for failure in report.failed} == {
        "broken.pdf", "empty.txt", "fake.docx", "gone.txt", "missing.txt",
    }  # fmt: skip
    assert all(failure.cause and failure.cure for failure in report.failed)
    assert len(texts(kb)) == 3


def test_a_changed_file_that_cannot_be_read_keeps_its_old_passages(kb, docs):
    kb.add(docs)
    (docs / "tapir.md").write_bytes(b"")
    report = kb.add(docs)
    assert counts(report) == (0, 0, 2, 0)
    assert [failure.path for failure in report.failed] == [(docs / "tapir.md").as_posix()]
    assert any("shy animal" in text for text in texts(kb))


def test_links_in_a_circle_end(kb, docs):
    (docs / "sub" / "up").symlink_to(docs)
    (docs / "self.txt").symlink_to(docs / "self.txt")
    report = kb.add(docs)
    assert report.added == 3
    assert [failure.path for failure in report.failed] == [(docs / "self.txt").as_posix()]


def test_odd_names_go_in_and_out(kb, docs):
    for name in ("it's.txt", 'quo"te.txt', "ü 日本.txt", "-dash.txt", "per%cent_.txt", "new\nline.txt"):
        (docs / name).write_text(f"Named {name!r}.", "utf-8")
        assert counts(kb.add(docs / name)) == (1, 0, 0, 0)
        assert counts(kb.add(docs / name)) == (0, 0, 1, 0)
        assert kb.remove(name) == (docs / name).as_posix()
    assert kb.status().documents == 0


def test_a_name_that_is_no_unicode_stops_nothing(kb, docs):
    bad = os.path.join(os.fsencode(docs), b"caf\xe9.txt")
    with open(bad, "wb") as file:
        file.write(b"A text with a name in Latin-1.")
    report = kb.add(docs)
    assert counts(report) == (3, 0, 0, 0)
    assert [failure.cause for failure in report.failed] == ["its name is not Unicode"]


def test_texts_go_in_by_name_and_title(kb):
    assert counts(kb.add_texts(["A first line\nand more.", "Second."], titles=["", "T"], names=["x", "y"])) == (
        2,
        0,
        0,
        0,
    )
    assert {hit.passage.document: hit.passage.title for hit in kb.search("line")} == {"x": "", "y": "T"}
    assert counts(kb.add_texts(["Second.", "Changed."], names=["y", "x"])) == (0, 1, 1, 0)
    assert texts(kb) == {"Second.", "Changed."}
    assert kb.add_texts(["A first line\nand more."]).added == 1
    assert kb.search("first line")[0].passage.document.startswith("text:")
    assert kb.search("first line")[0].passage.title == "A first line"
    assert counts(kb.add_texts(["A first line\nand more."])) == (0, 0, 1, 0)


def test_of_two_texts_with_one_name_the_last_counts(kb):
    assert counts(kb.add_texts(["Once.", "Twice."], names=["x", "x"])) == (1, 0, 0, 0)
    assert texts(kb) == {"Twice."}


def test_no_texts_and_empty_texts(kb):
    assert counts(kb.add_texts([])) == (0, 0, 0, 0)
    report = kb.add_texts(["", "Good.", " \n"], names=["a", "b", "c"])
    assert report.added == 1
    assert [failure.path for failure in report.failed] == ["a", "c"]
    with pytest.raises(UsageError, match="2 texts"):
        kb.add_texts(["a", "b"], names=["a"])


def test_a_text_with_half_a_character_goes_in(kb):
    assert kb.add_texts(["Broken \ud83d here.", "Whole."]).added == 2
    assert kb.search("\udce9 whole \ud83d", k=1)[0].passage.text == "Whole."
    assert len(kb.search("\ud800", k=5)) == 2  # nobody has that word; all have an embedding
    assert len(kb.search("broken")) == 2


def test_remove_takes_a_name_a_path_or_the_end_of_a_path(kb, docs, monkeypatch):
    (docs / "sub" / "tapir.md").write_text("Another.", "utf-8")
    kb.add(docs)
    with pytest.raises(UsageError, match="may be"):
        kb.remove("tapir.md")
    with pytest.raises(NotFoundError, match=r"did you mean violin\.html"):
        kb.remove("violon.html")
    with pytest.raises(NotFoundError, match="status"):
        kb.remove("qqqqqq")
    assert kb.remove("sub/tapir.md") == (docs / "sub/tapir.md").as_posix()
    monkeypatch.chdir(docs)
    assert kb.remove("./rivers.txt") == (docs / "rivers.txt").as_posix()
    assert kb.remove(str(docs / "tapir.md"))
    assert texts(kb) == {"A violin has four strings."}


def test_who_watches_an_add_may_stop_it_at_each_document(kb, docs):
    told = []

    def stop(*figures):
        told.append(figures)
        if len(told) == 3:  # at the beginning, then at each document that was read
            raise StoppedError("enough")

    with pytest.raises(StoppedError):
        kb.add(docs, progress=stop)
    assert told == [(0, 3, 0)] * 3
    assert kb.documents() == []
    assert counts(kb.add(docs)) == (3, 0, 0, 0)


def test_a_document_of_the_list_is_removed_exactly_and_once(kb, docs, monkeypatch):
    kb.add(docs / "tapir.md")
    kb.add_texts(["A note."], names=["tapir.md"])
    [note] = [one for one in kb.documents() if one.name == "tapir.md"]
    monkeypatch.chdir(docs)
    assert kb.remove(note) == "tapir.md"
    with pytest.raises(NotFoundError, match="any more"):
        kb.remove(note)
    assert [one.name for one in kb.documents()] == [(docs / "tapir.md").as_posix()]


def test_a_name_goes_before_a_path_that_ends_so(kb, docs, monkeypatch):
    kb.add(docs / "tapir.md")
    kb.add_texts(["A note."], names=["tapir.md"])
    monkeypatch.chdir(docs)
    assert kb.remove("tapir.md") == "tapir.md"
    assert kb.remove("tapir.md") == (docs / "tapir.md").as_posix()


def test_a_removed_and_added_document_is_back(kb, docs):
    kb.add(docs)
    kb.remove("tapir.md")
    assert not any("shy" in text for text in texts(kb, "shy"))
    assert counts(kb.add(docs)) == (1, 0, 2, 0)
    assert any("shy" in text for text in texts(kb))
