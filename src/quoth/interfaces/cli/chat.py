"""`quoth chat`: a conversation in the terminal, or over a pipe."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

import quoth
from quoth.interfaces import shapes
from quoth.interfaces.cli import show_chat
from quoth.interfaces.cli.chat_session import Session
from quoth.interfaces.cli.console import FAILURE, complain, out
from quoth.interfaces.cli.options import Json, Kb

if TYPE_CHECKING:
    from quoth.assistants.chat import Chat

Text = Optional[str]  # noqa: UP045 - typer reads these at run time


def chat(
    name: Annotated[Text, typer.Argument(help="The conversation: gone on with, or begun.", show_default=False)] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the conversations.")] = False,
    delete: Annotated[Text, typer.Option(metavar="NAME", help="Delete a conversation.", show_default=False)] = None,
    file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Keep the conversation in this file instead.", show_default=False),
    ] = None,
    no_rewrite: Annotated[bool, typer.Option("--no-rewrite", help="Search for messages as they are.")] = False,
    model: Annotated[
        Text, typer.Option(help="A GGUF file, hf:owner/repo/file.gguf, or openai:MODEL.", show_default=False)
    ] = None,
    decoding: Annotated[Text, typer.Option(help="See quoth ask.", show_default=False)] = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Converse: follow-ups are understood, answers are tinted by their sources.

    A conversation is kept in a file that is yours, in the knowledge base's folder; /help lists what can be done in it.
    Lines from a pipe are messages; without a NAME those are kept nowhere.
    """
    given = {"model": model, "decoding": decoding}
    knowledge = quoth.open(kb, **{key: value for key, value in given.items() if value is not None})
    if name and file:
        raise quoth.UsageError("both a name and a file were given", "give one of them")
    kept = knowledge.conversations
    if listing or delete:
        if delete:
            kept.delete(delete)
        show_chat.conversations(kept.list(), as_json)
        return
    is_person = sys.stdin.isatty() and not as_json
    path = file or (kept.path(name or kept.fresh_name()) if name or is_person else None)
    session = Session(knowledge, not no_rewrite, path)
    if is_person:
        session.converse()
    elif not (_answer_lines(session.chat) if as_json else session.follow(sys.stdin)):
        raise typer.Exit(FAILURE)


def _answer_lines(chat: Chat) -> bool:
    """Each line of stdin is a message, each of stdout its answer; whether none failed."""
    well = True
    for line in sys.stdin:
        message = line.strip()
        if not message:
            continue
        try:
            said = shapes.chat_shape(message, chat.say(message).answer)
        except quoth.QuothError as error:
            complain(error)
            said, well = {"message": message, "error": {"cause": error.cause, "cure": error.cure}}, False
        out.file.write(json.dumps(said, allow_nan=False) + "\n")
        out.file.flush()
    return well
