"""The OpenAPI document is true: what follows it and what does not is answered as it says, and never by a 5xx."""

from fuzzing import fuzz


def test_the_document_is_true(url):
    counts = fuzz(url, 150)
    assert sum(statuses.total() for statuses in counts.values()) >= 150
