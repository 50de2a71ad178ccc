"""Keys over HTTP: who has none stays out, and nobody meets what is not theirs in any reply."""

from dataclasses import dataclass

import httpx
import pytest

import quoth
from quoth.interfaces.http.app import make_app
from quoth.interfaces.http.gate import Visitor
from serving import QUESTION, serving, tiny_base

SECRET = "The vault of Sund holds 41 bars of gold. Its keeper is Vera Moll."


@dataclass(frozen=True)
class Key:
    name: str
    groups: tuple[str, ...] = ()
    read_only: bool = False
    per_minute: int = 0


KEYS = {
    "staff-key": (Key("staff", ("staff",)), ("kb", "other")),
    "guest-key": (Key("guest"), ("kb",)),
    "reader-key": (Key("reader", ("staff",), read_only=True), ("kb",)),
    "slow-key": (Key("slow", per_minute=3), ("kb",)),
}


def find(token):
    if token not in KEYS:
        return None
    key, names = KEYS[token]
    return Visitor(key.name, dict.fromkeys(names, key))


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    base = tiny_base(folder)
    base.add_texts([SECRET], names=["vault"], groups=["staff"])
    other = quoth.open(folder / "other")
    other.add_texts(["Of the other collection."], names=["other"])
    with serving(make_app([base, other], find)) as url:
        yield url


@pytest.fixture
def as_(url):
    clients = []

    def client(key):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        clients.append(httpx.Client(base_url=url, headers=headers, timeout=60))
        return clients[-1]

    yield client
    for one in clients:
        one.close()


def test_without_a_key_only_what_tells_nothing(as_):
    paths = ["/documents", "/metrics", "/v1/models", "/jobs/0123456789abcdef"]
    for key in ("", "wrong", "staff-key-"):
        for path in paths:
            refused = as_(key).get(path)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
    assert as_("").get("/health").status_code == as_("").get("/docs").status_code == 200
    assert as_("").post("/search", content=b"{").status_code == 401  # before the body is read
    assert as_("").post("/documents", files={"files": ("a.txt", b"x")}).status_code == 401
    # The Host header is only for those without keys.
    assert as_("staff-key").get("/documents", headers={"Host": "quoth.example"}).status_code == 200


def test_who_may_not_see_it_meets_it_nowhere(as_):
    staff, guest = as_("staff-key"), as_("guest-key")
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


def test_what_a_key_uploads_is_its_groups(as_, url):
    staff, guest = as_("staff-key"), as_("guest-key")
    mine = staff.post("/documents?wait=1", files={"files": ("note.txt", b"The staff's note on herons.")})
    assert mine.status_code == 201
    job = staff.post("/documents", files={"files": ("note2.txt", b"A second note.")}).json()
    assert guest.get(f"/jobs/{job['id']}").status_code == 404
    theirs = guest.post("/documents?wait=1", files={"files": ("note.txt", b"Everybody's note on herons.")})
    assert theirs.json()["added"] == 1
    found = {key: as_(key).post("/search", json={"query": "note on herons"}).text for key in ("staff-key", "guest-key")}
    assert "The staff's" in found["staff-key"] and "Everybody's" in found["staff-key"]
    assert "The staff's" not in found["guest-key"] and "Everybody's" in found["guest-key"]


def test_who_may_only_read_cannot_write(as_):
    reader = as_("reader-key")
    [secret] = [one for one in reader.get("/documents").json()["documents"] if one["name"] == "vault"]
    assert reader.post("/documents", files={"files": ("a.txt", b"x")}).status_code == 403
    assert reader.delete(f"/documents/{secret['id']}").status_code == 403
    assert reader.get(f"/documents/{secret['id']}").status_code == 200


def test_a_key_opens_its_collections_and_names_no_others(as_):
    guest, staff = as_("guest-key"), as_("staff-key")
    assert [one["id"] for one in guest.get("/v1/models").json()["data"]] == ["quoth", "kb"]
    assert [one["id"] for one in staff.get("/v1/models").json()["data"]] == ["quoth", "kb", "other"]
    for name in ("other", "xyzzy"):
        refused = guest.get("/documents", params={"collection": name})
        assert refused.status_code == 403
        assert refused.json()["error"]["cure"] == "use another key"
        wanted = {"model": name, "messages": [{"role": "user", "content": QUESTION}]}
        assert guest.post("/v1/chat/completions", json=wanted).status_code == 403
    assert staff.get("/documents", params={"collection": "other"}).json()["total"] == 1


def test_a_key_has_so_many_requests_a_minute(as_):
    slow = as_("slow-key")
    replies = [slow.get("/documents") for _ in range(5)]
    assert [reply.status_code for reply in replies[:3]] == [200] * 3
    refused = [reply for reply in replies if reply.status_code == 429]
    assert refused
    assert 0 < int(refused[0].headers["retry-after"]) <= 20
    assert as_("guest-key").get("/documents").status_code == 200
