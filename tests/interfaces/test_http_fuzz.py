"""The OpenAPI document is true: what follows it and what does not is answered as it says, and never by a 5xx."""

from fuzzing import fuzz
from serving import app_of, serving, tiny_base


def test_the_document_is_true(tmp_path):
    """On a knowledge base of its own: what is made up may take anything out."""
    with serving(app_of(tiny_base(tmp_path))) as url:
        counts = fuzz(url, 150)
    assert sum(statuses.total() for statuses in counts.values()) >= 150
