"""Where documents come from: files today."""

from quoth.sources.files import MAX_BYTES, Found, digest, document_id, find_files
from quoth.sources.media import media_type

__all__ = ["MAX_BYTES", "Found", "digest", "document_id", "find_files", "media_type"]
