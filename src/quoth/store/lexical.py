"""BM25 over several tables as if they were one (Elasticsearch calls it "dfs_query_then_fetch").

A table knows its own statistics only: in one of three passages every word is common, so its passages would always
come last. BM25 (Robertson and Zaragoza 2009) is a sum over the words w of idf(w) times what the passage makes of them,

    idf(w) = ln(1 + (N - n + 0.5) / (n + 0.5)),

N passages, n with the word. So each word is weighted in each table by its idf over all tables by that in the table.
What is not counted over all is the mean length of passages, which hardly differs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from lancedb.query import BooleanQuery, MatchQuery, Occur

from quoth.store.base import Found
from quoth.store.table import PassageTable

# Of longer texts the first words are looked for: each is counted in each table.
_MOST_WORDS = 64


def match_words(tables: Sequence[tuple[PassageTable, str]], words: str, k: int) -> list[Found]:
    """The k best of each table with its condition, in no order; their scores can be compared.

    What is no text in UTF-8 (a lone surrogate: a byte of a terminal that was none either) is no word.
    """
    words = words.encode("utf-8", "replace").decode("utf-8")
    if len(tables) == 1:
        [(table, where)] = tables
        return table.matching(MatchQuery(words, "words"), k, where)
    terms = list(dict.fromkeys(_terms(words)))[:_MOST_WORDS]
    sizes = [table.count("") for table, _ in tables]
    counts = [{term: table.frequency(term) for term in terms} for table, _ in tables]
    everywhere = {term: idf(sum(sizes), sum(count[term] for count in counts)) for term in terms}
    found: list[Found] = []
    for (table, where), size, count in zip(tables, sizes, counts, strict=True):
        weights = {term: everywhere[term] / idf(size, n) for term, n in count.items() if n}
        if weights:
            found += table.matching(_weighted(weights), k, where)
    return found


def idf(passages: int, holding: int) -> float:
    """The inverse document frequency of a word that `holding` of so many passages have, above 0."""
    return math.log1p((passages - holding + 0.5) / (holding + 0.5))


def _terms(words: str) -> list[str]:
    """The words as the index parts them; it brings them to their stems itself."""
    return "".join(c if c.isalnum() else " " for c in words.lower()).split()


def _weighted(weights: Mapping[str, float]) -> BooleanQuery:
    return BooleanQuery([(Occur.SHOULD, MatchQuery(term, "words", boost=weight)) for term, weight in weights.items()])
