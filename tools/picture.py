"""Draw the README's picture: a real question, asked now, as the terminal shows the answer.

python tools/picture.py .quoth-demo "What is a Python decorator?" docs/answer.svg
"""

from __future__ import annotations

import os
import sys

from rich.console import Console

import quoth


def main(kb: str, question: str, target: str) -> None:
    """Ask and save."""
    answer = quoth.open(kb).ask(question)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=100, file=nowhere, force_terminal=True, highlight=False)
        console.print(f"[bold]$[/] quoth ask [green]{question!r}[/]\n")
        console.print(answer)
        console.print(
            f"\n[dim]first token after {answer.timing.first_token_s:.1f} s, {answer.timing.total_s:.1f} s in all[/]"
        )
        console.save_svg(target, title="quoth")


if __name__ == "__main__":
    main(*sys.argv[1:4])
