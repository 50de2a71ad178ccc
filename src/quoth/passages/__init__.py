"""Documents -> passages, in a process of its own: `Parser` is the only door.

Nothing here imports a parser: that happens in the process.
"""

from quoth.passages.isolation import Parser
from quoth.passages.wire import Answer, Parsed

__all__ = ["Answer", "Parsed", "Parser"]
