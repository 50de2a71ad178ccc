"""`kb.with_settings`: what is heavy is loaded when it is needed, once, and shared with every copy and view."""

import shutil

import pytest

import quoth
from remote_servers import llama_server, write_tiny_model
from serving import QUESTION, TEXTS


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny.gguf", context=8192)


def filled(folder, **settings):
    kb = quoth.open(folder, threads=1, min_confidence=0.0, max_tokens=8, **settings)
    kb.add_texts(list(TEXTS.values()), names=list(TEXTS))
    return kb


def go_on(kb):
    return kb.chat([("What is there?", "A lighthouse.")]).say("Who built it?").answer


def test_copies_and_views_share_what_any_of_them_loads(tiny, tmp_path):
    kb = filled(tmp_path / "kb", model=str(tiny), state_disk_megabytes=0)
    one, other = kb.with_settings(passages=1), kb.seen_by(["staff"]).with_settings(passages=2)
    assert "_model" not in vars(kb)
    assert len(one.ask(QUESTION).sources) == 1 and other.ask(QUESTION).sources
    third = one.with_settings(passages=3)
    assert one._model is other._model is third._model is kb._model
    assert one._retriever is third._retriever is kb._retriever and one.gallery is kb.gallery
    assert other._retriever is kb.seen_by(["staff"])._retriever is not kb._retriever
    assert third.seen_by(["staff"])._model is kb._model


def test_answers_to_many_questions_can_show_their_pages_too(tiny, tmp_path):
    kb = filled(tmp_path / "kb", model=str(tiny), state_disk_megabytes=0)
    [answer] = kb.ask_all([QUESTION])
    assert answer.show == kb.ask(QUESTION).show is not None


def test_a_wrong_model_is_told_when_it_is_asked(tmp_path):
    kb = filled(tmp_path / "kb", model=str(tmp_path / "gone.gguf")).with_settings(passages=1)
    assert kb.search(QUESTION)
    with pytest.raises(quoth.NotFoundError, match="no model file"):
        kb.ask(QUESTION)


def test_a_hub_is_not_asked_again_for_a_model_that_is_loaded(tiny, tmp_path, monkeypatch):
    import huggingface_hub

    asked = []
    there = shutil.copy(tiny, tmp_path / "hub.gguf")
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *what: asked.append(what) or there)
    kb = filled(tmp_path / "kb", model="hf:owner/repo/hub.gguf", projector="none")
    kb.ask(QUESTION)
    assert len(asked) == 2  # to load it, and to see whether it looks at pictures
    for passages in (1, 2):
        assert go_on(kb.with_settings(passages=passages))
    assert len(asked) == 2


@pytest.mark.parametrize("seen", [False, True])
def test_what_a_server_told_is_known_to_all_that_ask_it(tiny, tmp_path, seen):
    """The real server's log has a line for each request."""
    log = tmp_path / "log"
    options = ["--n_ctx", "8192", "--chat_format", "alpaca", "--logits_all", "false"]
    with llama_server(tiny, log, *options) as url:
        kb = filled(tmp_path / "kb", model="openai:tiny", server=url)
        kb = kb.seen_by(["staff"]) if seen else kb
        for passages in (1, 2, 3):
            asked = kb.with_settings(passages=passages)
            assert len(asked.ask(QUESTION).sources) == passages
        assert go_on(asked)
        assert kb._remote is asked._remote
    lines = [line for line in log.read_text().splitlines() if "POST" in line]
    assert sum("/v1/completions" in line for line in lines) == 1
    # Three answers and a follow-up: what such a model makes of it is near to nothing, and that is not asked.
    assert sum("/v1/chat/completions" in line for line in lines) == 4
