"""Finding a model's file, refusing what is none, and the cache of passage states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoth.errors import ModelError, NotFoundError, QuothError, UsageError
from quoth.generators import describe_model, load_generator
from quoth.generators.models import default_model, find_model
from quoth.generators.states import StateCache
from quoth.settings import Settings


def test_a_missing_file(tmp_path):
    with pytest.raises(NotFoundError, match=r"no model file .*none\.gguf"):
        find_model(str(tmp_path / "none.gguf"))
    with pytest.raises(NotFoundError):
        find_model(str(tmp_path))


def test_a_home_that_nobody_has():
    with pytest.raises(QuothError):
        find_model("~nobody-of-this-name/model.gguf")


@pytest.mark.parametrize("spec", ["hf:", "hf:owner", "hf:owner/repo", "hf:owner/repo/", "hf:owner/repo/a.bin"])
def test_a_malformed_hub_name(spec):
    with pytest.raises(UsageError) as raised:
        find_model(spec)
    assert raised.value.cure == "write hf:owner/repo/file.gguf, or hf:owner/repo"


def test_a_hub_that_cannot_be_reached(monkeypatch, tmp_path):
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=r"hf:owner/repo/file\.gguf"):
        find_model("hf:owner/repo/file.gguf")


def test_a_path_and_the_default(tmp_path):
    file = tmp_path / "my model.gguf"
    file.touch()
    assert find_model(str(file)) == file
    assert find_model("") == default_model()
    assert default_model().stat().st_size > 200_000_000
    assert describe_model("") == "gemma-3-270m-q4_k_m"
    assert describe_model("hf:a/b/c.gguf") == "hf:a/b/c.gguf"


@pytest.mark.parametrize("content", [b"", b"not a model", b"GGUF" + b"\xff" * 100, b"GGUF\x03\0\0\0" + b"\0" * 64])
def test_a_broken_model(tmp_path, content):
    file = tmp_path / "broken.gguf"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.gguf"):
        load_generator(Settings(model=str(file), threads=1))


def test_half_a_model(tmp_path):
    file = tmp_path / "half.gguf"
    with default_model().open("rb") as whole:
        file.write_bytes(whole.read(20_000_000))
    with pytest.raises(ModelError):
        load_generator(Settings(model=str(file), threads=1))


def test_what_was_not_used_longest_goes_first():
    cache = StateCache(capacity=6)
    cache.put((1,), b"aa")
    cache.put((2,), b"bb")
    cache.put((3,), b"cc")
    assert cache.get((1,)) == b"aa"
    cache.put((4,), b"ddd")
    assert [cache.get((n,)) for n in (1, 2, 3, 4)] == [b"aa", None, None, b"ddd"]
    assert (cache.size, len(cache)) == (5, 2)


def test_a_state_that_is_too_large_is_not_kept():
    cache = StateCache(capacity=3)
    cache.put((1,), b"four")
    assert cache.get((1,)) is None
    assert (cache.size, len(cache)) == (0, 0)


@given(
    st.integers(0, 40),
    st.lists(st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 15)), max_size=60),
)
def test_the_cache_against_a_list(capacity, steps):
    """A list of (key, state), last used last, is the model."""
    cache, model = StateCache(capacity), []
    for is_put, number, size in steps:
        key = (number,)
        kept = dict(model).get(key)
        if not is_put:
            assert cache.get(key) == kept
            if kept is not None:
                model = [*((k, s) for k, s in model if k != key), (key, kept)]
            continue
        cache.put(key, bytes(size))
        model = [*((k, s) for k, s in model if k != key), (key, bytes(size))]
        while sum(len(s) for _, s in model) > capacity:
            model.pop(0)
        assert len(cache) == len(model)
        assert cache.size == sum(len(s) for _, s in model) <= capacity
