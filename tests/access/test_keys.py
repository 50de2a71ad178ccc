"""API keys: made, found, revoked, and what lies on the disk of them."""

import json
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from quoth import NotFoundError, StoreError, UsageError
from quoth.access import Key, Keys, Rates
from quoth.folders import collection_of
from quoth.interfaces.cli.main import app
from quoth.manifest import write_manifest


@pytest.fixture
def keys(tmp_path):
    return Keys(tmp_path)


def test_a_key_opens_what_it_was_made_for_and_any_other_nothing(keys, tmp_path):
    token, key = keys.create(["manuals"], ["staff", "board"], name="wiki", read_only=True, per_minute=60)
    other, _ = keys.create(["notes"])
    assert token.startswith("quoth-") and len(token) > 43 and token != other
    for reader in (keys, Keys(tmp_path)):
        assert reader.find(token) == key
        assert reader.find(other).name.startswith("key-")
        for wrong in ("", "quoth-", token[:-1], token + "x", token.upper(), key.digest, "\ud800", "x" * 100_000):
            assert reader.find(wrong) is None
    assert (key.groups, key.read_only, key.per_minute) == (("board", "staff"), True, 60)
    assert key.collections == ("manuals",)


def test_only_a_hash_is_kept_and_for_the_owner_alone(keys, tmp_path):
    token, _ = keys.create(["manuals"])
    file = tmp_path / "keys.json"
    assert token.removeprefix("quoth-") not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.glob("*.part")) == []


def test_another_handle_knows_of_a_revoked_key_at_once(keys, tmp_path):
    token, key = keys.create(["manuals"], name="wiki")
    server = Keys(tmp_path)
    assert server.find(token)
    assert keys.revoke("wiki") == key
    assert server.find(token) is None
    again, _ = keys.create(["manuals"], name="wiki")
    assert server.find(again) and server.find(token) is None
    (tmp_path / "keys.json").unlink()
    assert server.find(again) is None and server.all() == ()


def test_what_is_refused(keys, tmp_path):
    keys.create(["manuals"], name="wiki")
    for wrong in (
        {"name": "wiki"},
        {"per_minute": -1},
        {"groups": ["a,b"]},
        {"collections": [""]},
        {"collections": ["manuals", " "]},
    ):
        with pytest.raises(UsageError):
            keys.create(**{"collections": ["manuals"], **wrong})
    with pytest.raises(NotFoundError, match="no key 'other'"):
        keys.revoke("other")
    assert len(keys.all()) == 1


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"keys": [{}]}', '{"keys": [{"name": "x"}]}', '{"keys": 3}']
)
def test_a_damaged_file_opens_nothing(keys, tmp_path, content):
    token, _ = keys.create(["manuals"])
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(StoreError, match=r"keys\.json"):
        keys.find(token)
    assert (tmp_path / "keys.json").read_text() == content


def test_keys_that_are_made_at_the_same_time_are_all_there(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Keys(tmp_path).create(["manuals"])[0], range(16)))
    assert all(Keys(tmp_path).find(token) for token in made)


def key(per_minute, digest="x"):
    return Key("k", digest, "", ("c",), (), False, per_minute)


def test_a_rate_by_hand():
    now = [0.0]
    rates = Rates(lambda: now[0])
    assert [rates.take(key(2)) for _ in range(3)] == [0.0, 0.0, 30.0]
    now[0] = 15.0  # half of a request has come back
    assert rates.take(key(2)) == 15.0
    now[0] = 30.0
    assert [rates.take(key(2)), rates.take(key(2))] == [0.0, 30.0]
    assert rates.take(key(2, "other")) == 0.0
    assert [rates.take(key(0)) for _ in range(100)] == [0.0] * 100


@given(st.integers(1, 30), st.lists(st.floats(0, 40), max_size=200))
def test_nobody_gets_more_than_twice_the_rate_in_a_minute(per_minute, pauses):
    now, granted = 0.0, []
    rates = Rates(lambda: now)
    for pause in pauses:
        now += pause
        wait = rates.take(key(per_minute))
        assert wait >= 0
        granted += [] if wait else [now]
    assert all(sum(at <= one < at + 60 for one in granted) <= 2 * per_minute for at in granted)


def test_threads_share_a_rate():
    rates, granted = Rates(lambda: 0.0), []
    threads = [
        threading.Thread(target=lambda: granted.extend(not rates.take(key(50)) for _ in range(25))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 50


def test_on_the_command_line(tmp_path):
    write_manifest(tmp_path / "manuals", "encoder/1", 8)

    def run(*arguments, status=0):
        result = CliRunner().invoke(app, ["key", *arguments, "--kb", str(tmp_path / "manuals")])
        assert result.exit_code == status, result.output
        return result.stdout

    token = run("create", "--groups", "staff, board", "--read-only", "--per-minute", "60", "--name", "wiki").split()[-1]
    found = Keys(tmp_path / "manuals").find(token)
    assert (found.collections, found.groups, found.per_minute) == ((), ("board", "staff"), 60)
    made = json.loads(run("create", "--collections", "a,b", "--json"))
    assert Keys(tmp_path / "manuals").find(made["key"]).collections == ("a", "b")
    [wiki, other] = json.loads(run("list", "--json"))
    assert (wiki["collections"], other["collections"]) == (["manuals"], ["a", "b"])
    assert set(wiki) == {"name", "created", "collections", "groups", "read_only", "per_minute"}
    assert "wiki  opens manuals; sees board, staff; read only; 60 a minute" in run("list")
    assert run("revoke", "wiki") == "revoked wiki\n"
    assert Keys(tmp_path / "manuals").find(token) is None
    refused = CliRunner().invoke(app, ["key", "create", "--kb", str(tmp_path / "none")])
    assert isinstance(refused.exception, NotFoundError)


def test_collections_are_called_by_their_folders(tmp_path):
    assert collection_of(tmp_path / "manuals") == "manuals"
    assert collection_of(tmp_path / "project" / ".quoth") == "project"
