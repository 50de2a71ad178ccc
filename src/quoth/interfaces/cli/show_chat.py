"""What a conversation shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

import quoth
from quoth.interfaces.cli.console import out, print_json

# Only for their types: what they stand for takes longer to import than `quoth --help` takes.
if TYPE_CHECKING:
    from quoth.answer import Answer
    from quoth.assistants.chat import ChatStream
    from quoth.assistants.conversations import ConversationInfo
    from quoth.assistants.turns import Turn

BRIEFLY = 3
_MARKS = ".,;:!?\"'`()[]{}“”‘’"


def answer(stream: ChatStream) -> None:
    """The answer while it comes, then each word tinted by its source, and the best sources, a line each."""
    if out.is_terminal:
        thinking = Spinner("dots", Text("comparing what the passages say", "dim"))
        with Live(thinking, console=out, transient=True) as live:
            said = Text()
            for piece in stream:
                said.append(piece)
                live.update(Group(said, thinking))
    briefly(stream.answer)


def briefly(found: Answer) -> None:
    """An answer with its best sources; `/sources` shows all of them."""
    from quoth.rendering import as_lines, colour, full_title, shown_sources

    out.print(next(iter(as_lines(found))))
    for i, source in shown_sources(found)[:BRIEFLY]:
        number = ("  ~" if found.abstained else f"{i + 1:3}", colour(i))
        where = f"{full_title(source.passage)}, {source.passage.place}"
        out.print(Text.assemble(number, (f" {source.weight:4.0%}  {where}", "dim")))
    sure = "" if found.abstained else f"confidence {found.confidence:.0%}, "
    out.print(Text(f"     {sure}{found.timing.total_s:.1f} s\n", "dim"))


def why(turn: Turn, word: str) -> None:
    """Where a word of the answer comes from: its posterior over the passages and the memory.

    Raises:
        UsageError: the answer has no such word.
    """
    from quoth.rendering import SHOWN_FROM, colour

    meant = [one for one in turn.words if _plain(one.text) == _plain(word)]
    if not meant:
        known = ", ".join(dict.fromkeys(_plain(one.text) for one in turn.words))
        raise quoth.UsageError(f"the last answer has no word {word!r}", f"it has: {known}" if known else "ask again")
    for one in meant:
        out.print(Text(one.text.strip(), f"bold {colour(one.source)}"))
        for i in sorted(range(len(one.posterior)), key=lambda z: -one.posterior[z]):
            if one.posterior[i] >= SHOWN_FROM:
                out.print(_share(turn, i, one.posterior[i]))


def _share(turn: Turn, i: int, share: float) -> Text:
    from quoth.rendering import MEMORY, colour

    if i == len(turn.sources):
        return Text.assemble(("  *", MEMORY), f" {share:4.0%}  the model's memory")
    source = turn.sources[i]
    quote = (f"\n           “{' '.join(source.quote.split())}”", "dim")
    return Text.assemble((f"{i + 1:3}", colour(i)), f" {share:4.0%}  {source.title}, {source.place}", quote)


def cited(turn: Turn) -> None:
    """An answer of before and its sources, as the conversation's file tells of them."""
    from quoth.rendering import colour, tinted

    out.print(tinted(turn.words) if turn.words else Text(turn.answer, "bold"))
    for i, source in enumerate(turn.sources):
        number, weight = (f"{i + 1:3}", colour(i)), f" {source.weight:4.0%}  "
        out.print(Text.assemble(number, weight, (source.title, "bold"), f", {source.place}"))
        out.print(Text(f"           “{' '.join(source.quote.split())}”\n           {source.document}", "dim"))


def conversations(found: list[ConversationInfo], as_json: bool = False) -> None:
    """The conversations, the last changed first."""
    if as_json:
        rows = [
            asdict(one) | {"path": str(one.path), "changed": one.changed.isoformat(timespec="seconds")} for one in found
        ]
        print_json(rows)
        return
    table = Table.grid(padding=(0, 2))
    for one in found:
        table.add_row(
            Text(one.name, "bold"), f"{one.turns} turns", f"{one.changed:%Y-%m-%d %H:%M}", Text(one.first, "dim")
        )
    out.print(table if found else Text("no conversations yet", "dim"))


def _plain(word: str) -> str:
    return word.strip().strip(_MARKS).casefold()
