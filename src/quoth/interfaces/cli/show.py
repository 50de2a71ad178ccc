"""What the commands show to people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from quoth.interfaces.cli.console import err, out
from quoth.rendering import full_title, whence

_MIDDLE = 0.1

# Only for their types: what they stand for takes longer to import than `quoth --help` takes.
if TYPE_CHECKING:
    from quoth.answer import Answer
    from quoth.assistants.ask import AnswerStream
    from quoth.store import StoredDocument
    from quoth.types import AddReport, Box, Hit, Status, WarmReport


def report(found: AddReport) -> None:
    """What was added; failures go to stderr."""
    counts = [f"{n} {what}" for what in ("added", "updated", "unchanged", "removed") if (n := getattr(found, what))]
    said = ", ".join(counts) or "nothing added"
    out.print(f"{said}: {found.passages:,} passages in {found.seconds:.1f} s", markup=False)
    if found.warm:
        warmed(found.warm)
    for failure in found.failed:
        err.print(f"failed  {failure.path}: {failure.cause}; {failure.cure}", markup=False, soft_wrap=True)


def warmed(found: WarmReport) -> None:
    """The passage states: how many are new, and whether the room for them was too small."""
    out.print(f"{found.written:,} passage states written, {found.kept:,} were there, in {found.seconds:.1f} s")
    if found.left_out:
        err.print(f"{found.left_out:,} passages have no state: raise state_disk_megabytes in settings.toml")


def answer(stream: AnswerStream) -> Answer:
    """The answer while it comes, then with its sources; a wheel turns while nothing is sure yet; it is returned."""
    thinking = Spinner("dots", Text("comparing what the passages say", "dim"))
    with Live(thinking, console=out, transient=True) as live:
        said = Text()
        for piece in stream if out.is_terminal else ():
            said.append(piece)
            live.update(Group(said, thinking))
        found = stream.answer
    out.print(found)
    timing, sure = found.timing, f"confidence {found.confidence:.0%}, "
    out.print(f"\n[dim]{sure}first token after {timing.first_token_s:.1f} s, {timing.total_s:.1f} s in all[/]")
    return found


def hits(found: list[Hit]) -> None:
    """Passages, best first."""
    if not found:
        out.print("nothing found")
    for hit in found:
        passage = hit.passage
        where = full_title(passage)
        out.print(Text(f"{hit.rank:3}  {where}, {passage.place}{_part(hit.region)}", "bold"))
        near = "" if hit.similarity is None else f", nearness {hit.similarity:.2f}"
        out.print(Text(f"     score {hit.score:.4f}{near}, prior {hit.prior:.0%}  {whence(passage)}", "dim"))
        out.print(Text(" ".join(passage.text.split()), overflow="fold"), "")


def _part(box: Box | None) -> str:
    """Where a region is, in words; nothing for a whole picture."""
    if box is None:
        return ""
    across, down = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    row = "" if abs(down - 0.5) < _MIDDLE else "upper " if down < 0.5 else "lower "
    column = "" if abs(across - 0.5) < _MIDDLE else "left" if across < 0.5 else "right"
    return f", {(row + column).strip() or 'centre'}"


def status(found: Status) -> None:
    """A knowledge base at a glance."""
    table = Table.grid(padding=(0, 2))
    table.add_row("knowledge base", found.path)
    table.add_row("documents", f"{found.documents:,}")
    table.add_row("passages", f"{found.passages:,}, {found.pictures:,} of them pictures")
    table.add_row("encoder", found.encoder)
    table.add_row("generator", found.generator)
    table.add_row("on disk", f"{found.bytes / 1e6:,.1f} MB")
    table.add_row("passage states", f"{found.states:,}, {found.state_bytes / 1e6:,.1f} MB of it")
    table.add_row("version", found.version)
    out.print(table)


def documents(found: list[StoredDocument]) -> None:
    """A line for each document; what is as with all (everybody sees it, full trust, a file) is left out."""
    for document in found:
        facts = [f"{document.passages:,} passage{'s' if document.passages != 1 else ''}"]
        facts += [f"for {', '.join(document.groups)}"] if document.groups else []
        facts += [f"trust {document.trust:g}"] if document.trust < 1 else []
        facts += [f"from {document.origin.where}"] if document.origin.where not in ("", document.name) else []
        facts += [document.origin.fetched] if document.origin.fetched else []
        facts += [f"rights: {document.origin.rights}"] if document.origin.rights else []
        facts += ["rights unknown"] if document.origin.fetched and not document.origin.rights else []
        out.print(Text.assemble((document.name, "bold"), ("  " + ", ".join(facts), "dim")))
