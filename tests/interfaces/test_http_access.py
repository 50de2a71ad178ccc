"""Keys over HTTP: who has none stays out, and nobody meets what is not theirs in any reply."""

import io
from pathlib import Path

import httpx
import pytest
from PIL import Image

import quoth
from quoth.access import Keys
from serving import QUESTION, app_of, serving, tiny_base

SECRET = "The vault of Sund holds 41 bars of gold. Its keeper is Vera Moll."


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    base = tiny_base(folder)
    base.add_texts([SECRET], names=["vault"], groups=["staff"])
    other = quoth.open(folder / "other")
    other.add_texts(["Of the other collection."], names=["other"])
    tokens = {
        "staff": make_key(base, ["kb", "other"], ["staff"], name="staff"),
        "guest": make_key(base, ["kb"], name="guest"),
        "reader": make_key(base, ["kb"], ["staff"], name="reader", read_only=True),
        "slow": make_key(other, ["kb"], name="slow", per_minute=3),
        "wrong": "quoth-wrong",
    }
    with serving(app_of(base, other)) as url:
        yield url, tokens


def make_key(base, *options, **more):
    return Keys(base.folder).create(*options, **more)[0]


@pytest.fixture
def as_(served):
    clients, (url, tokens) = [], served

    def client(key):
        headers = {"Authorization": f"Bearer {tokens[key]}"} if key else {}
        clients.append(httpx.Client(base_url=url, headers=headers, timeout=60))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


def test_without_a_key_only_what_tells_nothing(as_):
    paths = ["/documents", "/metrics", "/v1/models", "/jobs/0123456789abcdef"]
    for key in ("", "wrong"):
        for path in paths:
            refused = as_(key).get(path)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
    assert as_("").get("/health").status_code == as_("").get("/docs").status_code == 200
    assert as_("").post("/search", content=b"{").status_code == 401  # before the body is read
    assert as_("").post("/documents", files={"files": ("a.txt", b"x")}).status_code == 401
    # The Host header is only for those without keys.
    assert as_("staff").get("/documents", headers={"Host": "quoth.example"}).status_code == 200


def test_who_may_not_see_it_meets_it_nowhere(as_):
    staff, guest = as_("staff"), as_("guest")
    [secret] = [one for one in staff.get("/documents").json()["documents"] if one["name"] == "vault"]
    [hit] = [hit for hit in staff.post("/search", json={"query": "vault gold"}).json() if hit["document"] == "vault"]
    assert guest.get("/documents").json()["total"] == staff.get("/documents").json()["total"] - 1
    for path in (
        f"/documents/{secret['id']}",
        f"/documents/{secret['id']}/file",
        f"/passages/{hit['passage_id']}",
        f"/pictures/{hit['passage_id']}",
    ):
        assert guest.get(path).status_code == 404
    assert guest.delete(f"/documents/{secret['id']}").status_code == 404
    for reply in (
        guest.get("/documents"),
        guest.post("/search", json={"query": "vault gold keeper", "k": 100}),
        guest.post("/answers", json={"question": "Who keeps the vault of Sund?"}),
        guest.post(
            "/v1/chat/completions",
            json={"model": "kb", "messages": [{"role": "user", "content": "Who keeps the vault?"}]},
        ),
        guest.get("/metrics"),
    ):
        assert reply.status_code == 200
        assert "Vera" not in reply.text
        assert "41 bars" not in reply.text
    assert "Vera" in staff.post("/answers", json={"question": "Who keeps the vault of Sund?"}).text


def test_what_a_key_uploads_is_its_groups(as_):
    staff, guest = as_("staff"), as_("guest")
    mine = staff.post("/documents?wait=1", files={"files": ("note.txt", b"The staff's note on herons.")})
    assert mine.status_code == 201
    job = staff.post("/documents", files={"files": ("note2.txt", b"A second note.")}).json()
    assert guest.get(f"/jobs/{job['id']}").status_code == 404
    theirs = guest.post("/documents?wait=1", files={"files": ("note.txt", b"Everybody's note on herons.")})
    assert theirs.json()["added"] == 1
    found = {key: as_(key).post("/search", json={"query": "note on herons"}).text for key in ("staff", "guest")}
    assert "The staff's" in found["staff"] and "Everybody's" in found["staff"]
    assert "The staff's" not in found["guest"] and "Everybody's" in found["guest"]


def test_a_page_does_not_show_what_others_uploaded(tmp_path):
    base = quoth.open(tmp_path / "kb")
    base.add_texts(["Some words."], names=["words"])
    staff, guest = ({"Authorization": f"Bearer {make_key(base, groups=groups)}"} for groups in (["staff"], []))
    with serving(app_of(base)) as url:

        def send(name, data, headers):
            return httpx.post(f"{url}/documents?wait=1", files={"files": (name, data)}, headers=headers, timeout=60)

        def pictures(headers):
            found = httpx.post(f"{url}/search", json={"query": "x", "kind": "image"}, headers=headers, timeout=60)
            return {Path(hit["document"]).name for hit in found.json()}

        for name, headers in (("salaries.png", staff), ("mine.png", guest)):
            assert send(name, red_picture(), headers).status_code == 201
        [secret] = (base.folder / "uploads").rglob("salaries.png")
        names = (f"{secret.parent.name}/salaries.png", "mine.png")
        page = "<p>A page.</p>" + "".join(f"<img src='{name}' alt='Shown'>" for name in names)
        assert send("page.html", page.encode(), guest).status_code == 201
        assert pictures(guest) == {"mine.png"}
        assert pictures(staff) == {"mine.png", "salaries.png"}


def test_uploads_behind_a_link_are_refused(tmp_path):
    base = quoth.open(tmp_path / "kb")
    headers = {"Authorization": f"Bearer {make_key(base)}"}
    (tmp_path / "elsewhere").mkdir()
    (base.folder / "uploads").symlink_to(tmp_path / "elsewhere")
    with serving(app_of(base)) as url:
        sent = httpx.post(f"{url}/documents?wait=1", files={"files": ("a.txt", b"words")}, headers=headers)
        assert sent.status_code == 503
        assert "is a link" in sent.text
    assert not list((tmp_path / "elsewhere").iterdir())


def red_picture():
    file = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(file, "PNG")
    return file.getvalue()


def test_who_may_only_read_cannot_write(as_):
    reader = as_("reader")
    [secret] = [one for one in reader.get("/documents").json()["documents"] if one["name"] == "vault"]
    assert reader.post("/documents", files={"files": ("a.txt", b"x")}).status_code == 403
    assert reader.delete(f"/documents/{secret['id']}").status_code == 403
    assert reader.get(f"/documents/{secret['id']}").status_code == 200


def test_a_key_opens_its_collections_and_names_no_others(as_):
    guest, staff = as_("guest"), as_("staff")
    assert [one["id"] for one in guest.get("/v1/models").json()["data"]] == ["quoth", "kb"]
    assert [one["id"] for one in staff.get("/v1/models").json()["data"]] == ["quoth", "kb", "other"]
    for name in ("other", "xyzzy"):
        refused = guest.get("/documents", params={"collection": name})
        assert refused.status_code == 403
        assert refused.json()["error"]["cure"] == "use another key"
        wanted = {"model": name, "messages": [{"role": "user", "content": QUESTION}]}
        assert guest.post("/v1/chat/completions", json=wanted).status_code == 403
    assert staff.get("/documents", params={"collection": "other"}).json()["total"] == 1


@pytest.fixture
def namesakes(tmp_path):
    """Two knowledge bases that are called `docs`, and one that is not."""
    bases = {}
    for name, folder in (("A", "x/docs/.quoth"), ("B", "y/docs/.quoth"), ("C", "notes")):
        bases[name] = quoth.open(tmp_path / folder)
        bases[name].add_texts([f"Of {name} alone."], names=[f"of-{name}"])
    return bases


def opened(url, token):
    """The documents in each collection that a key opens."""
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        names = [one["id"] for one in client.get("/v1/models").json()["data"]][1:]
        found = {name: client.get("/documents", params={"collection": name}).json()["documents"] for name in names}
        return {name: [one["name"] for one in documents] for name, documents in found.items()}


def test_a_key_opens_its_own_folder_and_no_namesake(namesakes):
    a, b, c = namesakes.values()
    keys = {
        "by default": make_key(b),
        "by its name": make_key(b, ["docs"]),
        "both": make_key(b, ["docs", "notes"]),
        "ambiguous": make_key(c, ["notes", "docs"]),
        "by a server's name": make_key(c, ["notes", "docs-2"]),
    }
    with serving(app_of(a, b, c)) as url:
        found = {name: opened(url, token) for name, token in keys.items()}
    with serving(app_of(b, c)) as url:
        assert opened(url, keys["ambiguous"]) == {"docs": ["of-B"], "notes": ["of-C"]}
    assert found == {
        "by default": {"docs-2": ["of-B"]},
        "by its name": {"docs-2": ["of-B"]},
        "both": {"docs-2": ["of-B"], "notes": ["of-C"]},
        "ambiguous": {"notes": ["of-C"]},
        "by a server's name": {"notes": ["of-C"]},
    }


def test_a_key_that_lies_in_two_folders_opens_each_as_it_says(namesakes):
    a, b, _ = namesakes.values()
    a.add_texts(["A secret of A."], names=["secret"], groups=["staff"])
    b.add_texts(["A secret of B."], names=["secret"], groups=["staff"])
    token = make_key(a, groups=["staff"])
    (b.folder / "keys.json").write_text((a.folder / "keys.json").read_text().replace('"staff"', ""))
    with serving(app_of(a, b)) as url:
        assert opened(url, token) == {"docs": ["of-A", "secret"], "docs-2": ["of-B"]}


def test_keys_of_one_name_in_two_folders_are_two_clients(namesakes):
    a, b, _ = namesakes.values()
    one, other = ({"Authorization": f"Bearer {make_key(base, name='wiki')}"} for base in (a, b))
    with serving(app_of(a, b)) as url:
        files = {"files": ("a.txt", b"Some words.")}
        sent = httpx.post(f"{url}/documents?wait=1", files=files, headers=one, timeout=60)
        job = sent.json()["id"]
        assert httpx.get(f"{url}/jobs/{job}", headers=one).json()["added"] == 1
        assert httpx.get(f"{url}/jobs/{job}", headers=other).status_code == 404


def test_a_key_has_so_many_requests_a_minute(as_):
    slow = as_("slow")
    replies = [slow.get("/documents") for _ in range(5)]
    assert [reply.status_code for reply in replies[:3]] == [200] * 3
    refused = [reply for reply in replies if reply.status_code == 429]
    assert refused
    assert 0 < int(refused[0].headers["retry-after"]) <= 20
    assert as_("guest").get("/documents").status_code == 200


def test_the_first_key_locks_the_door_and_the_last_that_goes_does_not_open_it(tmp_path):
    base = quoth.open(tmp_path / "kb")
    base.add_texts(["Some words."], names=["words"])
    with serving(app_of(base)) as url:
        assert httpx.get(f"{url}/documents").status_code == 200
        token = make_key(base, ["kb"], name="first")
        assert httpx.get(f"{url}/documents").status_code == 401
        assert httpx.get(f"{url}/documents", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        Keys(base.folder).revoke("first")
        assert httpx.get(f"{url}/documents", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_others_are_not_served_without_keys(tmp_path):
    from quoth.interfaces.http.server import is_loopback, serve

    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "example.org")] == [
        *[True] * 3,
        *[False] * 3,
    ]
    with pytest.raises(quoth.UsageError, match="quoth key create"):
        serve([quoth.open(tmp_path / "kb")], "0.0.0.0", 0, print)
