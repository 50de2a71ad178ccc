"""Access: who may reach which knowledge base, as which groups, how often."""

from quoth.access.keyless import Keyless
from quoth.access.keys import Key, Keys
from quoth.access.rates import Rates

__all__ = ["Key", "Keyless", "Keys", "Rates"]
