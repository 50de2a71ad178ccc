"""How the page answers: as the settings say until the visitor says otherwise, by Streamlit's own test of an app."""

import pytest

import quoth
from remote_servers import free_port
from serving import QUESTION, TEXTS

streamlit = pytest.importorskip("streamlit")

from quoth.interfaces.page import launch, shared  # noqa: E402 - they need it


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "kb"
    quoth.open(folder).add_texts(list(TEXTS.values()), names=list(TEXTS))
    return folder


@pytest.fixture
def page(folder, monkeypatch):
    """Opens the page on these settings."""
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv(launch.FOLDER, str(folder))

    def show(settings):
        (folder / "settings.toml").write_text(f"threads = 1\nmax_tokens = 8\n{settings}\n")
        shared.open_base.clear()
        shown = AppTest.from_file(str(launch.APP), default_timeout=60).run()
        assert not shown.exception
        return shown

    yield show
    shared.open_base.clear()


@pytest.mark.parametrize(
    ("settings", "way", "ways"),
    [
        ("", "sequence", 3),
        ('decoding = "token"', "token", 3),
        ('decoding = "concat-best-last"', "concat-best-last", 4),
        ('model = "openai:m"\ndecoding = "concat-best-first"', "concat-best-first", 2),
        ('model = "openai:m"\ndecoding = "token"', "token", 2),
    ],
)
def test_it_answers_as_the_settings_say(page, settings, way, ways):
    shown = page(settings)
    [radio] = shown.sidebar.radio
    assert radio.value == way and len(radio.options) == ways
    assert "_model" not in vars(shared.open_base())


def test_where_there_is_no_choice_none_is_offered(page):
    assert not page('model = "openai:m"').sidebar.radio


def test_bounds_make_room_for_the_settings(page):
    passages, least = page("passages = 12\nmin_confidence = 0.95").sidebar.slider
    assert (passages.value, least.value) == (12, 0.95)


@pytest.mark.parametrize(
    ("model", "said"),
    [('model = "gone.gguf"', "no model file"), ('model = "openai:m"\nserver = "http://127.0.0.1:{}/v1"', "is away")],
)
def test_what_is_wrong_with_the_model_is_said_when_it_is_asked(page, model, said):
    shown = page(model.format(free_port()))
    assert not shown.error
    shown.chat_input[0].set_value(QUESTION).run()
    assert not shown.exception
    [error] = shown.error
    assert said in error.value


def test_the_visitors_way_is_taken(page):
    shown = page(f'model = "openai:m"\nserver = "http://127.0.0.1:{free_port()}/v1"\ndecoding = "token"')
    for way, said in (("token", "cannot do the decoding"), ("sequence", "is away")):
        shown.sidebar.radio[0].set_value(way).run()
        shown.chat_input[0].set_value(QUESTION).run()
        assert said in shown.error[0].value
