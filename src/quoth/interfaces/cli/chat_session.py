"""A conversation with a person: lines in, answers out, and the commands that begin with a slash."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

import quoth
from quoth.interfaces.cli import show_chat
from quoth.interfaces.cli.console import complain, err, out

if TYPE_CHECKING:
    from quoth.knowledge import KnowledgeBase

PROMPT = "> "


class Session:
    """A conversation that is open, and the way to others."""

    def __init__(self, knowledge: KnowledgeBase, rewrite: bool, path: Path | None) -> None:
        """Open it.

        Raises:
            NotFoundError: there is no knowledge base.
            StoreError: the file cannot be read.
        """
        self._knowledge = knowledge
        self._rewrite = rewrite
        self._over = False
        self._commands: dict[str, tuple[str, str, Callable[[str], None]]] = {
            "sources": ("", "the sources of the last answer, in full", self._sources),
            "why": ("WORD", "where a word of the last answer comes from", self._why),
            "undo": ("", "take the last turn back", self._undo),
            "list": ("", "the conversations", self._list),
            "open": ("NAME", "go on with another conversation, or begin it", self._open),
            "delete": ("NAME", "delete a conversation", self._delete),
            "help": ("", "this list", self._help),
            "quit": ("", "end; so does Ctrl-D. Ctrl-C stops an answer", self._quit),
        }
        self._enter(path)

    def _enter(self, path: Path | None) -> None:
        self.chat = self._knowledge.chat(rewrite=self._rewrite, file=path)
        self._path = path
        if self.chat.warning:
            err.print(self.chat.warning, markup=False)

    def converse(self) -> None:
        """Take lines from the terminal until it is over."""
        self._greet()
        while not self._over:
            try:
                line = input(PROMPT)
            except KeyboardInterrupt:
                out.print("\n[dim]/quit or Ctrl-D ends[/]")
            except EOFError:
                out.print()
                return
            else:
                self.take(line)

    def follow(self, lines: Iterable[str]) -> bool:
        """Take lines from a pipe; whether all went well."""
        well = True
        for line in lines:
            if line.strip():
                out.print(f"{PROMPT}{line.strip()}", markup=False)
            well = self.take(line) and well
            if self._over:
                break
        return well

    def take(self, line: str) -> bool:
        """Do what a line says; whether it went well: an error is said, and the conversation goes on."""
        line = line.strip()
        try:
            if line.startswith("/"):
                self._obey(line)
            elif line:
                self._answer(line)
        except quoth.QuothError as error:
            complain(error)
            return False
        except KeyboardInterrupt:
            if not sys.stdin.isatty():
                raise
            out.print("[dim]stopped; this turn is not kept[/]\n")
        return True

    def _answer(self, message: str) -> None:
        with out.status("[dim]looking it up[/]"):
            stream = self.chat.say(message)
        if stream.rewritten:
            out.print(Text(f"searching for: {stream.question}", "dim"))
        show_chat.answer(stream)

    def _obey(self, line: str) -> None:
        name, _, argument = line[1:].partition(" ")
        wants, _, act = self._commands.get(name, ("", "", None))
        if act is None:
            raise quoth.UsageError(f"there is no command /{name}", "/help lists them")
        if bool(wants) != bool(argument.strip()):
            raise quoth.UsageError(f"this is not how /{name} is used", f"write /{name} {wants}".rstrip())
        act(argument.strip())

    def _sources(self, _argument: str) -> None:
        if self.chat.last:
            out.print(self.chat.last)
        elif self.chat.turns:
            show_chat.cited(self.chat.turns[-1])
        else:
            raise quoth.UsageError("nothing has been answered yet", "ask something")

    def _why(self, word: str) -> None:
        if not self.chat.turns:
            raise quoth.UsageError("nothing has been answered yet", "ask something")
        show_chat.why(self.chat.turns[-1], word)

    def _undo(self, _argument: str) -> None:
        out.print(Text(f"forgotten: {self.chat.undo().message}", "dim"))

    def _list(self, _argument: str) -> None:
        show_chat.conversations(self._knowledge.conversations.list())

    def _open(self, name: str) -> None:
        self._enter(self._knowledge.conversations.path(name))
        self._greet()

    def _delete(self, name: str) -> None:
        self._knowledge.conversations.delete(name)
        out.print(Text(f"deleted: {name}", "dim"))
        if self._path == self._knowledge.conversations.path(name):
            self._enter(self._path)

    def _help(self, _argument: str) -> None:
        for name, (wants, text, _) in self._commands.items():
            out.print(Text.assemble((f"  /{name} {wants}".ljust(18), "bold"), text))

    def _quit(self, _argument: str) -> None:
        self._over = True

    def _greet(self) -> None:
        """Where it is kept and what was said last; the arrow keys bring messages back."""
        if self._path:
            out.print(Text(f"kept in {self._path}; /help lists the commands", "dim"))
        for turn in self.chat.turns[-1:]:
            out.print(Text(f"{len(self.chat.turns)} turns so far, the last:", "dim"))
            out.print(Text.assemble((f"{PROMPT}{turn.message}\n", "dim"), turn.answer, "\n"))
        _remember([turn.message for turn in self.chat.turns])


def _remember(messages: Iterable[str]) -> None:
    """Line editing with these in its history, where Python has it."""
    try:
        import readline
    except ImportError:  # Windows
        return
    readline.clear_history()
    for message in messages:
        readline.add_history(" ".join(message.split()))
