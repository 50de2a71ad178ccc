"""Documents -> passages, in processes of their own: `parse_all` and `Parser` are the only doors.

Nothing here imports a parser: that happens in the process.
"""

from quoth.passages.isolation import Parser
from quoth.passages.parallel import parse_all
from quoth.passages.wire import Answer, Parsed

__all__ = ["Answer", "Parsed", "Parser", "parse_all"]
