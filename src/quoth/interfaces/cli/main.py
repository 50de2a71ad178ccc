"""`quoth`: the command line. Each command is a line or two over `KnowledgeBase`."""

from __future__ import annotations

from typing import Annotated

import typer

import quoth
from quoth.interfaces import shapes
from quoth.interfaces.cli import embed, evaluate, key, show
from quoth.interfaces.cli.add import add
from quoth.interfaces.cli.ask import ask
from quoth.interfaces.cli.calibrate import calibrate
from quoth.interfaces.cli.chat import chat
from quoth.interfaces.cli.console import out, print_json, reporting
from quoth.interfaces.cli.draw import draw
from quoth.interfaces.cli.options import Json, Kb
from quoth.interfaces.cli.page import page
from quoth.interfaces.cli.search import search
from quoth.interfaces.cli.serve import mcp, serve
from quoth.interfaces.cli.similar import draw_map, similar
from quoth.interfaces.cli.write import write

app = typer.Typer(
    name="quoth",
    help="Answers questions from your own documents, and shows where every word of the answer came from.",
    epilog="Begin with: quoth add FOLDER, then quoth ask QUESTION",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(embed.app, name="embed")
app.add_typer(evaluate.app, name="eval")
app.add_typer(key.app, name="key")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(version("quoth"))
        raise typer.Exit


@app.callback()
def options(
    _show: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""


app.command(epilog="Example: quoth add ~/papers 'notes/**/*.md' https://example.org/page")(add)


app.command(epilog='Example: quoth ask "What is a Python decorator?" --decoding quote -n 3')(ask)


app.command(epilog='Example: quoth write "a blog post on decorators" --outline plan.md --out post.docx')(write)
app.command(epilog="Example: quoth chat decorators")(chat)


app.command(epilog="Example: quoth calibrate --beir my-questions")(calibrate)


app.command(epilog='Example: quoth search "a dog on a beach" --kind image --sheet dogs.png')(search)


app.command(epilog="Example: quoth similar --duplicates --sheet twice.png")(similar)


app.command(epilog='Example: quoth draw "a cat sitting on a table" --model hf:owner/repo --out cat.png')(draw)
app.command(epilog="Example: quoth page --port 8502")(page)


app.command("map", epilog="Example: quoth map all.html")(draw_map)


app.command(epilog="Example: quoth serve --kb papers --kb notes --port 8800")(serve)


app.command(epilog="Example: quoth mcp --kb papers")(mcp)


@app.command(epilog="Example: quoth status --json")
def status(kb: Kb = None, as_json: Json = False) -> None:
    """Tell what is in the knowledge base."""
    found = quoth.open(kb).status()
    if as_json:
        print_json(shapes.status_shape(found))
    else:
        show.status(found)


@app.command(epilog="Example: quoth documents --json")
def documents(kb: Kb = None, as_json: Json = False) -> None:
    """List the documents: their size, who may see them, how far they are trusted, where they came from."""
    found = quoth.open(kb).documents()
    if as_json:
        print_json(shapes.documents_shape(found))
    else:
        show.documents(found)


@app.command(epilog="Example: quoth remove notes/old.md")
def remove(
    document: Annotated[str, typer.Argument(help="Its name, its path, or the end of its path.", show_default=False)],
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Take a document out; it is gone from every answer at once."""
    name = quoth.open(kb).remove(document)
    if as_json:
        print_json({"removed": name})
    else:
        out.print(f"removed {name}", markup=False)


def main() -> None:
    """The entry point: errors become one line and a status."""
    with reporting():
        app()


if __name__ == "__main__":
    main()
