"""The mixture over passages: decodings, provenance, confidence, refusal."""

from quoth.rag.abstain import MEMORY_PRIOR, REFUSAL, is_from_memory, nothing_relevant
from quoth.rag.calibration import SHIPPED, Calibration
from quoth.rag.concat import decode_concat
from quoth.rag.confidence import signals
from quoth.rag.contrast import Contrast
from quoth.rag.hypotheses import Decoded, Decoding, Limits, Search, finish, nothing
from quoth.rag.marginal import with_memory
from quoth.rag.memory import Memory
from quoth.rag.prompt import PromptMaker, prompt_maker
from quoth.rag.quotation import decode_quotes, widened
from quoth.rag.quote import find_quote
from quoth.rag.relevance import gains, relevance, weighty
from quoth.rag.sequence import decode_sequence
from quoth.rag.spans import Spans
from quoth.rag.token import decode_token

__all__ = [
    "MEMORY_PRIOR",
    "REFUSAL",
    "SHIPPED",
    "Calibration",
    "Contrast",
    "Decoded",
    "Decoding",
    "Limits",
    "Memory",
    "PromptMaker",
    "Search",
    "Spans",
    "decode_concat",
    "decode_quotes",
    "decode_sequence",
    "decode_token",
    "find_quote",
    "finish",
    "gains",
    "is_from_memory",
    "nothing",
    "nothing_relevant",
    "prompt_maker",
    "relevance",
    "signals",
    "weighty",
    "widened",
    "with_memory",
]
