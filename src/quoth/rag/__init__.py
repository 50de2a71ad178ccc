"""The mixture over passages: decodings, provenance, refusal."""

from quoth.rag.abstain import MEMORY_PRIOR, REFUSAL, explains_nothing, is_from_memory, nothing_relevant
from quoth.rag.concat import decode_concat
from quoth.rag.hypotheses import Decoded, Decoding, Limits, Search, nothing
from quoth.rag.marginal import with_memory
from quoth.rag.prompt import PromptMaker, prompt_maker
from quoth.rag.quote import find_quote
from quoth.rag.relevance import query_likelihood, relevance
from quoth.rag.sequence import decode_sequence
from quoth.rag.token import decode_token

__all__ = [
    "MEMORY_PRIOR",
    "REFUSAL",
    "Decoded",
    "Decoding",
    "Limits",
    "PromptMaker",
    "Search",
    "decode_concat",
    "decode_sequence",
    "decode_token",
    "explains_nothing",
    "find_quote",
    "is_from_memory",
    "nothing",
    "nothing_relevant",
    "prompt_maker",
    "query_likelihood",
    "relevance",
    "with_memory",
]
