"""`quoth key`: who may ask a server for what."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

import quoth
from quoth.folders import collection_of
from quoth.interfaces.cli.console import err, out, print_json
from quoth.interfaces.cli.options import Json, Kb, names_in

if TYPE_CHECKING:
    from quoth.access import Key, Keys

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True)


@app.command(epilog="Example: quoth key create --groups staff --read-only --per-minute 60")
def create(
    name: Annotated[str, typer.Option(help="What to call it.", show_default="a random name")] = "",
    collections: Annotated[
        str, typer.Option(metavar="A,B", help="The folders of knowledge bases it opens.", show_default="this one")
    ] = "",
    groups: Annotated[
        str, typer.Option(metavar="A,B", help="Whose documents it sees, besides everybody's.", show_default=False)
    ] = "",
    read_only: Annotated[bool, typer.Option("--read-only", help="It may search and ask, not add or remove.")] = False,
    per_minute: Annotated[int, typer.Option(metavar="N", min=0, help="Requests a minute; 0: no limit.")] = 0,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Make a key. It is shown once: only its hash is kept."""
    knowledge = quoth.open(kb)
    token, key = _keys(knowledge).create(
        names_in(collections) or (), names_in(groups) or (), name=name, read_only=read_only, per_minute=per_minute
    )
    if as_json:
        print_json({"key": token, **_shape(key, knowledge)})
    else:
        err.print(f"{key.name}: keep it now, it is not shown again", markup=False)
        out.print(token, markup=False)


@app.command("list", epilog="Example: quoth key list --json")
def list_keys(kb: Kb = None, as_json: Json = False) -> None:
    """List the keys and what they open."""
    knowledge = quoth.open(kb)
    keys = _keys(knowledge).all()
    if as_json:
        print_json([_shape(key, knowledge) for key in keys])
        return
    for key in keys:
        opens = ", ".join(_opened(key, knowledge))
        facts = [f"opens {opens}", f"sees {', '.join(key.groups) or 'what everybody sees'}"]
        facts += ["read only"] if key.read_only else []
        facts += [f"{key.per_minute} a minute"] if key.per_minute else []
        out.print(f"{key.name}  {'; '.join(facts)}; made {key.created}", markup=False)
    if not keys:
        err.print("there are no keys: quoth key create")


@app.command(epilog="Example: quoth key revoke key-1f3a9c")
def revoke(
    name: Annotated[str, typer.Argument(help="What it is called.", show_default=False)],
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Take a key away; it opens nothing from the next request on."""
    gone = _keys(quoth.open(kb)).revoke(name)
    if as_json:
        print_json({"revoked": gone.name})
    else:
        out.print(f"revoked {gone.name}", markup=False)


def _keys(knowledge: quoth.KnowledgeBase) -> Keys:
    # These are lighter than most, but need numpy's types: `quoth --help` does not wait for them.
    from quoth.access import Keys
    from quoth.manifest import must_be_knowledge_base

    must_be_knowledge_base(knowledge.folder)
    return Keys(knowledge.folder)


def _opened(key: Key, knowledge: quoth.KnowledgeBase) -> list[str]:
    """The names of what a key opens; its own knowledge base is called as its folder is called now."""
    return list(key.collections) or [collection_of(knowledge.folder)]


def _shape(key: Key, knowledge: quoth.KnowledgeBase) -> dict[str, object]:
    """What is told of a key."""
    told = {name: value for name, value in asdict(key).items() if name != "digest"}
    return {**told, "collections": _opened(key, knowledge)}
