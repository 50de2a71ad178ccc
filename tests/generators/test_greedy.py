"""The likeliest token, each time: against the toy model's own truth."""

import numpy as np
import pytest

from quoth.errors import StoppedError
from quoth.generators import Prompt, Stop, greedy
from toy import END, ToyModel

PROMPT = Prompt((tuple(b"Who?"),))


@pytest.mark.parametrize(("most", "said", "ended"), [(9, "Ada", True), (4, "Ada", True), (3, "Ada", False)])
def test_it_ends_where_the_model_does_or_at_the_bound(most, said, ended):
    model = ToyModel(says={"Who?": "Ada"})
    assert greedy(model, PROMPT, most, Stop()) == (said, ended)
    assert model.held == 0


def test_each_token_is_the_likeliest():
    model, said = ToyModel(), ()
    text, _ = greedy(model, PROMPT, 6, Stop())
    while len(said) < 6 and (token := int(np.argmax(model.after(PROMPT.segments[0], said)))) != END:
        said = (*said, token)
    assert text == model.detokenize(said).decode()


def test_it_is_given_up_at_the_next_token():
    model, stop = ToyModel("a"), Stop()
    stop.set()
    with pytest.raises(StoppedError):
        greedy(model, PROMPT, 9, stop)
    assert model.held == 0
