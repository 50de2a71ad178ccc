"""Settings: unknown keys and impossible values are refused, with the cure."""

import pytest

from quoth.errors import SettingsError, UsageError
from quoth.settings import SETTINGS_FILE, Settings, load_settings, make_settings


def test_an_unknown_key_names_the_known():
    with pytest.raises(SettingsError, match="no setting 'passage'") as raised:
        make_settings({"passage": 3})
    assert "passages" in raised.value.cure and "threads" in raised.value.cure
    assert isinstance(raised.value, UsageError)


@pytest.mark.parametrize(
    "values",
    [
        {"passages": "5"},
        {"passages": 5.0},
        {"passages": True},
        {"model": 1},
        {"model": None},
        {"decoding": ["token"]},
    ],
)
def test_another_type(values):
    with pytest.raises(SettingsError, match=f"the setting {next(iter(values))} is .*of type"):
        make_settings(values)


@pytest.mark.parametrize("values", [{"passages": 0}, {"threads": -1}, {"max_tokens": -5}, {"state_megabytes": -1}])
def test_out_of_range(values):
    with pytest.raises(SettingsError, match="at least"):
        Settings(**values)


def test_a_decoding_that_does_not_exist():
    with pytest.raises(
        SettingsError, match=r"no decoding 'beam'.*sequence, sequence-fast, token, quote, concat-best-first"
    ):
        Settings(decoding="beam")
    for decoding in ("sequence", "token", "concat-best-first", "concat-best-last"):
        assert Settings(decoding=decoding).decoding == decoding


def test_arguments_go_before_the_file(tmp_path):
    assert load_settings(tmp_path, {}) == Settings()
    (tmp_path / SETTINGS_FILE).write_text('decoding = "token"\npassages = 3\n')
    assert load_settings(tmp_path, {}) == Settings(decoding="token", passages=3)
    assert load_settings(tmp_path, {"passages": 7}) == Settings(decoding="token", passages=7)


@pytest.mark.parametrize("content", [b"passages = ", b"passages 5", b'model = "\xff\xfe"', b"[passages\n"])
def test_a_file_that_is_not_toml(tmp_path, content):
    (tmp_path / SETTINGS_FILE).write_bytes(content)
    with pytest.raises(SettingsError, match=r"settings\.toml is not valid TOML"):
        load_settings(tmp_path, {})


@pytest.mark.parametrize("content", ["colour = 1", "[generator]\nmodel = 'x'", "passages = '5'", "threads = -1"])
def test_a_file_that_says_what_is_refused(tmp_path, content):
    (tmp_path / SETTINGS_FILE).write_text(content)
    with pytest.raises(SettingsError):
        load_settings(tmp_path, {})
