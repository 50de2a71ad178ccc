"""What nobody uses any more is freed at once, in the right order, and without the garbage collector."""

import gc
import weakref

import pytest

from quoth.errors import ModelError
from quoth.generators import Prompt
from quoth.generators.llama import LlamaModel
from quoth.generators.llama_context import Context, Weights
from quoth.generators.models import default_model


@pytest.fixture
def no_gc():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_what_nothing_uses_any_more_is_freed_at_once(no_gc):
    """A reading needs the weights after its model is gone; then nobody does. No garbage is collected for that."""
    model = LlamaModel(default_model(), threads=1)
    gone, freed, emptied = weakref.ref(model), model._weights.close, model.admission.loop.context.close
    reading = model.read([Prompt((model.begin, (5, 6)))])
    del model
    assert gone() is None and freed.alive and emptied.alive
    reading.step([7])
    del reading
    assert not freed.alive and not emptied.alive


def test_weights_stay_until_their_context_is_freed(no_gc):
    """Whichever of the two is found unused first: the context's end looks at them."""
    weights = Weights(default_model())
    context, freed = Context(weights, 64, 1), weights.close
    context._weights = None
    del weights
    assert freed.alive
    context.close()
    assert not freed.alive


def test_a_load_that_fails_leaves_nothing(no_gc, monkeypatch):
    """Not even while its error is held."""
    load, made = Weights.__init__, []
    monkeypatch.setattr(Weights, "__init__", lambda self, path: (load(self, path), made.append(self.close))[0])
    with pytest.raises(ModelError, match="no projector") as raised:
        LlamaModel(default_model(), threads=1, projector=default_model())
    assert raised.value and [one.alive for one in made] == [False]
