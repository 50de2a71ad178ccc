"""Whatever a question does, it has reserved the room for it: every search with all of its rows alive to the end."""

import numpy as np
import pytest

from quoth.assistants.mixture import Mixture
from quoth.generators import Stop
from quoth.generators.llama import LlamaModel
from quoth.generators.llama_share import Share
from quoth.rag import finish
from quoth.settings import Settings
from quoth.types import Hit, Passage
from remote_servers import write_tiny_model

TEMPLATE = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("tiny") / "tiny.gguf", template=TEMPLATE)


@pytest.fixture
def decode(path):
    """Decodes from k passages that all count the same; returns the answers and the cells of the context."""

    def decode(k, **options):
        # Past the 16th token there is a look at what cannot win, in the middle of everything.
        settings = Settings(passages=k, max_tokens=18, likelihood_weight=0.0, **options)
        texts = [f"Passage {i}: {'abc ' * (i % 5 + 3)}." for i in range(k)]
        passages = [Passage(f"d{i}", "", text, 0, len(text)) for i, text in enumerate(texts)]
        hits = [Hit(passage, i + 1, 1, -np.log(k), 0.9) for i, passage in enumerate(passages)]
        model = LlamaModel(path, threads=1)
        try:
            outcome = finish(Mixture(model, settings).decode("Which?", hits, Stop()))
            assert len(outcome.hits) == k
            return outcome.answers, model.admission.loop.context.cells
        finally:
            model.close()

    return decode


@pytest.mark.parametrize("contrast", [0.0, 0.5])
@pytest.mark.parametrize("decoding", ["sequence", "sequence-fast", "token", "quote", "concat-best-first"])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_every_search_has_room(decode, decoding, contrast, width):
    answers, _ = decode(5, decoding=decoding, contrast=contrast, beams=width)
    assert answers


@pytest.mark.parametrize("answers", [1, 8])
@pytest.mark.parametrize("contrast", [0.0, 0.5])
@pytest.mark.parametrize("decoding", ["sequence", "token"])
def test_draws_have_room(decode, decoding, contrast, answers):
    assert decode(5, decoding=decoding, contrast=contrast, answers=answers, temperature=1.0)[0]


@pytest.mark.parametrize("decoding", ["sequence", "token"])
@pytest.mark.parametrize("k", [10, 17, 20, 50])
def test_many_passages_of_which_none_is_left_out(decode, decoding, k):
    """Ten fit a small context."""
    answers, cells = decode(k, decoding=decoding, beams=2)
    assert answers and (cells == 8192) == (k == 10)


@pytest.mark.parametrize("decoding", ["sequence", "token", "quote"])
def test_five_passages_fit_a_small_context(decode, decoding):
    assert decode(5, decoding=decoding, beams=0)[1] == 8192
    assert decode(5, decoding=decoding, beams=1, contrast=0.5)[1] == (8192 if decoding != "quote" else 16384)


def test_quotes_are_scored_several_at_a_time(decode, monkeypatch):
    """Their beams are wider than the settings say, and so is the room."""
    free, count = [], Share.free_sequences.fget
    monkeypatch.setattr(Share, "free_sequences", property(lambda share: free.append(count(share)) or free[-1]))
    decode(5, decoding="quote")
    assert min(free) >= 5 * 4


@pytest.mark.parametrize("options", [{}, {"decoding": "quote"}, {"contrast": 0.5}])
def test_a_passage_is_made_a_prompt_once(decode, monkeypatch, options):
    load, told = LlamaModel.__init__, []

    def watched(model, *args, **kwargs):
        load(model, *args, **kwargs)
        model.tokenize = lambda text, say=model.tokenize, **how: told.append(text) or say(text, **how)

    monkeypatch.setattr(LlamaModel, "__init__", watched)
    decode(5, **options)
    assert [text for text in told if text.startswith("Passage: Passage")] == [
        f"Passage: Passage {i}: {'abc ' * (i % 5 + 3)}.\n" for i in range(5)
    ]
