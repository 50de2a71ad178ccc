"""Mail (.eml): who wrote to whom, when, about what, and the message itself.

The HTML of a message goes through our own HTML reader. Attachments are named, not read: save them as files.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.message import EmailMessage, MIMEPart

from quoth.errors import DocumentError
from quoth.passages.content import Content, Writer, clean, one_line
from quoth.passages.decode import decode
from quoth.passages.html import write_markup

_BLANK_LINES = re.compile(r"\s*\n\s*\n")
_FIELDS = ("Subject", "From", "To", "Cc", "Date")


def read(data: bytes, media_type: str) -> Content:  # noqa: ARG001 - every parser has this signature
    """The text of a message; its subject is the title. Raises DocumentError if it is no message."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    if not isinstance(message, EmailMessage) or not message.keys():
        raise DocumentError("the file holds no mail message", "save the message again as .eml")
    writer = Writer()
    for name in _FIELDS:
        if value := _field(message, name):
            writer.block(f"{name}: {value}", 1)
    _write_body(message, writer)
    names = [name for part in _attachments(message) if (name := one_line(part.get_filename() or ""))]
    if names:
        writer.block("Attachments: " + ", ".join(names))
    return writer.content(_field(message, "Subject"))


def _field(message: EmailMessage, name: str) -> str:
    """A header's value on one line; "" if it is missing or not to be parsed."""
    try:
        return one_line(str(message.get(name, "")))
    except (MessageError, ValueError, IndexError, AttributeError):
        # The standard library's header parser raises these for some malformed headers.
        return ""


def _write_body(message: EmailMessage, writer: Writer) -> None:
    """Plain text if there is any, else HTML: the sender's program made one from the other."""
    part = message.get_body(("plain", "html"))
    if part is None:
        return
    text = _text(part)
    if part.get_content_type() == "text/html":
        write_markup(text, writer)
    else:
        # Programs that write HTML give blank lines of no-break spaces.
        writer.block(_BLANK_LINES.sub("\n\n", clean(text)).strip())


def _text(part: MIMEPart) -> str:
    """The text of a part, in the character set that it names, or else in the one it looks like."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    try:
        return data.decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeDecodeError):
        return decode(data)


def _attachments(message: EmailMessage) -> Iterator[MIMEPart]:
    for part in message.walk():
        if isinstance(part, MIMEPart) and part.get_content_disposition() == "attachment":
            yield part
