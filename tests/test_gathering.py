"""What is not a file, into a knowledge base and out of it: real servers, a real database, a real model's server."""

import sqlite3

import pytest
from typer.testing import CliRunner

import quoth
from quoth import MissingExtraError, UsageError
from quoth.interfaces.cli.main import app
from quoth.rendering import whence
from remote_servers import llama_server, write_tiny_model
from web_server import serving

PAGE = "<title>Tapirs</title><link rel=license href=https://l.example/by><p>The tapir weighs 300 kilograms.</p>"


@pytest.fixture
def site():
    with serving() as one:
        yield one


@pytest.fixture
def kb(tmp_path):
    return quoth.open(tmp_path / "kb")


def counts(report):
    return report.added, report.updated, report.unchanged, report.removed, len(report.failed)


def stored(kb):
    return kb._store.documents()


def test_pages_and_files_go_in_together_and_each_page_knows_where_it_came_from(kb, site, tmp_path):
    (tmp_path / "violin.txt").write_text("A violin has four strings.")
    url = site.put("/tapir", PAGE, etag='"1"')
    report = kb.add(tmp_path / "violin.txt", url, site.url + "/missing", allow_private=True)
    assert counts(report) == (2, 0, 0, 0, 1)
    [hit] = [hit for hit in kb.search("How heavy is a tapir?", 2) if hit.passage.document == url]
    assert hit.passage.title == "Tapirs"
    origin = stored(kb)[url].origin
    assert (origin.where, origin.rights, origin.etag) == (url, "https://l.example/by", '"1"')
    assert counts(kb.add(tmp_path / "violin.txt", url, allow_private=True)) == (0, 0, 2, 0, 0)
    assert site.asked[-1][1]["if-none-match"] == '"1"'
    site.put("/tapir", PAGE.replace("300", "310"), etag='"2"')
    assert counts(kb.add(url, allow_private=True)) == (0, 1, 0, 0, 0)
    assert "310" in kb.search("How heavy is a tapir?", 1)[0].passage.text


def test_by_what_right_the_user_says_it(kb, site, tmp_path):
    (tmp_path / "violin.txt").write_text("A violin has four strings.")
    url = site.put("/tapir", PAGE)
    sources = [tmp_path / "violin.txt", url, quoth.Rows("sqlite://", "select 1 as id, 'words' as text")]
    kb.add(*sources, allow_private=True)
    assert sorted(d.origin.rights for d in stored(kb).values()) == ["", "", "https://l.example/by"]
    assert counts(kb.add(*sources, allow_private=True, rights="by letter")) == (0, 0, 3, 0, 0)
    assert {d.origin.rights for d in stored(kb).values()} == {"by letter"}
    assert counts(kb.add(*sources, allow_private=True)) == (0, 0, 3, 0, 0)


def test_groups_hold_for_what_was_fetched(kb, site):
    url = site.put("/tapir", PAGE)
    kb.add(url, allow_private=True, groups=["staff"])
    assert stored(kb)[url].groups == ("staff",)
    assert kb.seen_by(["board"]).search("tapir", 5) == []
    assert counts(kb.add(url, allow_private=True, groups=["board"])) == (0, 1, 0, 0, 0)
    assert [hit.passage.document for hit in kb.seen_by(["board"]).search("tapir", 5)] == [url]


def test_private_addresses_are_refused_by_default(kb, site):
    [failure] = kb.add(site.put("/a")).failed
    assert "no public address" in failure.cause
    assert site.asked == []


def test_a_page_that_is_gone_stays_until_it_is_pruned(kb, site):
    url = site.put("/a")
    kb.add(url, allow_private=True)
    del site.pages["/a"]
    report = kb.add(url, allow_private=True)
    assert counts(report) == (0, 0, 0, 0, 1)
    assert "--prune" in report.failed[0].cure
    assert url in stored(kb)
    assert counts(kb.add(url, allow_private=True, prune=True)) == (0, 0, 0, 1, 0)
    assert url not in stored(kb)


def test_a_page_that_moved_for_good_is_there_once(kb, site):
    old = site.put("/old")
    kb.add(old, allow_private=True)
    new = site.put("/new")
    site.put("/old", status=308, location="/new")
    assert counts(kb.add(old, allow_private=True)) == (1, 0, 0, 1, 0)
    assert list(stored(kb)) == [new]
    assert counts(kb.add(old, new, allow_private=True)) == (0, 0, 1, 0, 0)


def test_who_may_see_a_page_that_moved_sees_it_there_and_by_the_same_right(kb, site, monkeypatch):
    monkeypatch.setattr("quoth.intake.ITEMS", 1)  # the page and that it moved are not written together
    old = site.put("/old")
    kb.add(old, allow_private=True, groups=["board"], rights="by letter")
    new = site.put("/new")
    site.put("/old", status=301, location="/new")
    assert counts(kb.add(old, allow_private=True)) == (1, 0, 0, 1, 0)
    [there] = stored(kb).values()
    assert (there.name, there.groups, there.origin.rights) == (new, ("board",), "by letter")
    assert kb.seen_by(["staff"]).search("tapir", 5) == []


@pytest.mark.parametrize("body", ["<html></html>", "", b"\x7fELF\0\0"])
def test_a_page_stays_while_what_it_moved_to_cannot_be_had(kb, site, body):
    old = site.put("/old")
    kb.add(old, allow_private=True)
    site.put("/old", status=301, location="/new")
    site.put("/new", body)
    report = kb.add(old, allow_private=True, prune=True)
    assert (counts(report), list(stored(kb))) == ((0, 0, 0, 0, 1), [old])
    assert report.failed[0].path == site.url + "/new"


def test_a_page_stays_while_its_new_name_is_taken_by_what_is_hidden(kb, site):
    old, new = site.put("/old"), site.put("/new")
    kb.add(new, allow_private=True, groups=["board"])
    staff = kb.seen_by(["staff"])
    staff.add(old, allow_private=True)
    site.put("/old", status=301, location="/new")
    [failure] = staff.add(old, allow_private=True, prune=True).failed
    assert failure.cause == "its name is taken"
    assert set(stored(kb)) == {old, new}


def test_pages_that_all_move_to_one_stay_until_they_are_pruned(kb, site):
    """A site that is no more sends all to its first page, which is none of them."""
    pages = [site.put(f"/{n}", f"<p>The number {n} is a number.</p>") for n in range(3)]
    kb.add(*pages, allow_private=True, groups=["board"])
    home = site.put("/", "<p>This site has closed.</p>")
    for n in range(3):
        site.put(f"/{n}", status=301, location="/")
    report = kb.add(*pages, allow_private=True)
    assert counts(report) == (1, 0, 0, 0, 3)
    assert {failure.cause for failure in report.failed} == {f"it moved to {home}"}
    assert "--prune" in report.failed[0].cure
    assert {name: one.groups for name, one in stored(kb).items()} == dict.fromkeys([*pages, home], ("board",))
    assert counts(kb.add(pages[0], allow_private=True)) == (0, 0, 1, 0, 1)
    assert counts(kb.add(*pages, allow_private=True, prune=True)) == (0, 0, 1, 3, 0)
    assert list(stored(kb)) == [home]


def test_a_server_that_fails_takes_nothing_away(kb, site):
    url = site.put("/a")
    kb.add(url, allow_private=True)
    site.put("/a", status=500)
    assert counts(kb.add(url, allow_private=True, prune=True)) == (0, 0, 0, 0, 1)
    assert url in stored(kb)


def test_a_sitemap_and_a_feed(kb, site):
    pages = [site.put(f"/{n}", f"<p>The number {n} is a number.</p>") for n in range(3)]
    locations = "".join(f"<url><loc>{page}</loc></url>" for page in pages)
    sitemap = quoth.Sitemap(site.put("/s.xml", f"<urlset>{locations}</urlset>"))
    entries = f"<item><title>0</title><link>{pages[0]}</link></item>"
    rss = f"<rss version='2.0'><channel><title>x</title>{entries}</channel></rss>"
    feed = quoth.Feed(site.put("/feed", rss, content_type="application/rss+xml"))
    assert counts(kb.add(sitemap, feed, allow_private=True)) == (3, 0, 0, 0, 0)
    assert set(stored(kb)) == set(pages)


def test_rows_of_a_database(kb, tmp_path):
    database = sqlite3.connect(tmp_path / "a.db")
    database.execute("create table animals (id, name, text)")
    database.executemany("insert into animals values (?, ?, ?)", [(1, "Tapir", "300 kg"), (2, "Okapi", "250 kg")])
    database.commit()
    rows = quoth.Rows(f"sqlite:///{tmp_path / 'a.db'}", "select * from animals")
    assert counts(kb.add(rows, rights="ours")) == (2, 0, 0, 0, 0)
    assert counts(kb.add(rows)) == (0, 0, 2, 0, 0)
    assert kb.search("okapi", 1)[0].passage.title == "Okapi"
    assert {document.origin.rights for document in stored(kb).values()} == {"ours"}
    database.execute("update animals set text = '320 kg' where id = 1")
    database.execute("delete from animals where id = 2")
    database.commit()
    assert counts(kb.add(rows)) == (0, 1, 0, 0, 0)
    assert counts(kb.add(rows, prune=True)) == (0, 0, 1, 1, 0)


def test_what_a_model_says_has_less_trust(kb, tmp_path):
    path = write_tiny_model(tmp_path / "tiny.gguf")
    with llama_server(path, tmp_path / "log", "--n_ctx", "2048", "--chat_format", "chatml") as url:
        asked = quoth.open(tmp_path / "kb", server=url)
        wanted = quoth.ModelAnswers("openai:tiny", ["Who was Ada?", "What is a tapir?"])
        assert counts(asked.add(wanted)) == (2, 0, 0, 0, 0)
        assert counts(asked.add(wanted)) == (0, 0, 2, 0, 0)
    [away] = asked.add(quoth.ModelAnswers("openai:tiny", ["Why?"])).failed
    assert "away" in away.cause
    document = next(d for d in stored(kb).values() if d.title == "What is a tapir?")
    assert (document.origin.where, document.origin.model, document.trust) == (url, "openai:tiny", 0.5)
    assert document.origin.prompt.endswith("Question: What is a tapir?")


def test_the_prior_respects_the_trust(kb, monkeypatch):
    """Two passages of the same words: a model's has half of the weight of a person's."""
    from quoth.generators.remote import RemoteModel

    said = "The tapir weighs 300 kilograms."
    monkeypatch.setattr(RemoteModel, "complete", lambda *_a, **_o: (piece for piece in [said]))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    kb.add(quoth.ModelAnswers("openai:x", ["What does a tapir weigh?"]))
    kb.add_texts([said], titles=["What does a tapir weigh?"], names=["book"])
    hits = kb.search("What does a tapir weigh?", 2)
    priors = {hit.passage.document: hit.prior for hit in hits}
    model = next(prior for name, prior in priors.items() if name.startswith("openai:x/"))
    assert model < priors["book"]
    assert {whence(hit.passage) for hit in hits} == {"openai:x says so, trust 0.5", "book"}


def test_what_is_not_installed_is_told_before_anything_is_added(kb, tmp_path, monkeypatch):
    import quoth.gathering as gathering

    (tmp_path / "a.txt").write_text("text")
    monkeypatch.setattr(gathering, "find_spec", lambda _name: None)
    for wanted, extra in (("https://a.example", "web"), (quoth.Rows("sqlite://", "select 1"), "sql")):
        with pytest.raises(MissingExtraError, match=rf"quoth\[{extra}\]"):
            kb.add(tmp_path / "a.txt", wanted)
    with pytest.raises(UsageError, match="openai:MODEL"):
        kb.add(quoth.ModelAnswers("gpt", ["?"]))
    assert stored(kb) == {}


def test_the_command_line(tmp_path, site):
    site.put("/a", PAGE)
    runner = CliRunner()
    kb = ["--kb", str(tmp_path / "kb")]
    done = runner.invoke(app, ["add", site.url + "/a", "--allow-private", "--rights", "by letter", *kb])
    assert done.exit_code == 0 and done.stdout.startswith("1 added")
    assert stored(quoth.open(tmp_path / "kb"))[site.url + "/a"].origin.rights == "by letter"
    done = runner.invoke(app, ["add", "--sql", "sqlite://", "select 1 as id, 'words' as text", *kb])
    assert done.exit_code == 0 and done.stdout.startswith("1 added")
    assert runner.invoke(app, ["add", "--sitemap", site.url + "/none.xml", "--allow-private", *kb]).exit_code == 1
    assert isinstance(runner.invoke(app, ["add", "--from-model", "openai:x", *kb]).exception, UsageError)
    assert isinstance(runner.invoke(app, ["add", *kb]).exception, UsageError)
