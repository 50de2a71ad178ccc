"""What several tests share: the toy model by its name, the real default model, loaded once."""

import sys
from pathlib import Path

import pytest

# With pytest's importlib mode this folder is not on the path: it is for `from toy import ToyModel`.
sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def gemma():
    """The default generator, Gemma 3 270M through llama.cpp."""
    from quoth.generators.llama import LlamaModel
    from quoth.generators.models import default_model

    model = LlamaModel(default_model(), threads=1)
    yield model
    model.close()
