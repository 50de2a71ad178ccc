"""A small knowledge base to write from, with the toy model: what it says is what its prompts are told to say."""

import pytest

import quoth
from quoth.encoders import load_encoder

TEXTS = {
    "tapirs.md": "# Tapirs\n\n## Food\n\nA tapir eats leaves, fruit and the shoots of young trees. It needs some forty "
    "kilograms of them each day.\n\n## Water\n\nTapirs are good swimmers and hide from jaguars in rivers. They close "
    "their ears when they dive, and can walk on the ground of a river for three minutes.\n\n## Young\n\nA young tapir "
    "has white stripes that hide it among the leaves. The stripes fade when the animal is six months old.\n",
    "zoo.md": "# The zoo of Lund\n\n## Tapirs in the zoo\n\nThe zoo of Lund keeps four Malayan tapirs in a house with "
    "a heated pond. Visitors may feed the tapirs with leaves and fruit on Sundays.\n",
}


@pytest.fixture(scope="session")
def kb(tmp_path_factory):
    folder = tmp_path_factory.mktemp("writing")
    for name, text in TEXTS.items():
        (folder / name).write_text(text, "utf-8")
    kb = quoth.open(folder / "kb", threads=1)
    kb.add(*(folder / name for name in TEXTS))
    (kb.folder / "settings.toml").write_text("threads = 1\n", "utf-8")
    return kb


@pytest.fixture
def writer(kb):
    """Makes a writer with any model over the knowledge base."""
    from quoth.writing import Wishes, Writer

    def make(model, pictures=lambda words, k: [], **wishes):
        return Writer(kb._retriever, load_encoder(), model, pictures, Wishes(**wishes))

    return make
