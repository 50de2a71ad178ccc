"""What several tests share: the toy model by its name, the real default model, loaded once."""

import signal
import sys
from pathlib import Path

import pytest

# With pytest's importlib mode this folder is not on the path: it is for `from toy import ToyModel`.
sys.path.insert(0, str(Path(__file__).parent))

# What is started in the background inherits that Ctrl-C is ignored, and hands it on: some tests press it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONGEST = (
    "test_readme.py", "test_ask.py", "test_warming.py", "test_cli.py", "test_calibrate.py", "test_page.py",
    "test_chat.py", "test_ocr.py", "test_remote.py", "test_picture_encoder.py", "test_llama.py",
    "test_crash.py", "test_shapes.py",
)  # fmt: skip


def pytest_collection_modifyitems(items):
    """The files that take longest come first, so that of two workers none ends long after the other."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def gemma():
    """The default generator, Gemma 3 270M through llama.cpp."""
    from quoth.generators.llama import LlamaModel
    from quoth.generators.models import default_model

    model = LlamaModel(default_model(), threads=1)
    yield model
    model.close()
