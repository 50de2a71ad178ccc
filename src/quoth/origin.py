"""Where a document came from, when, and by what right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document came from; "" is what is not known or does not apply.

    where: the address: a URL, `openai:MODEL`, a database's URL without its password; "" for a file of this machine.
    fetched: when it was taken, ISO 8601 in UTC.
    rights: by what right: a licence, a permission.
    model, prompt: of another model's answer: which model, and what it was asked.
    etag, last_modified: what the server said of its version (RFC 9110), for asking whether there is a newer one.
    """

    where: str = ""
    fetched: str = ""
    rights: str = ""
    model: str = ""
    prompt: str = ""
    etag: str = ""
    last_modified: str = ""
