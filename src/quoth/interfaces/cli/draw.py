"""`quoth draw`: a new picture, after those that are found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

import quoth
from quoth.interfaces import shapes
from quoth.interfaces.cli import show
from quoth.interfaces.cli.console import out, print_json, progress_bar
from quoth.interfaces.cli.options import Json, Kb

if TYPE_CHECKING:
    from quoth.assistants.draw import Drawn

File = Optional[Path]  # noqa: UP045 - typer reads these at run time
Text = Optional[str]  # noqa: UP045


def draw(
    prompt: Annotated[str, typer.Argument(help="What to draw, in words.", show_default=False)],
    to: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.png", help="Where to: .png, .jpg or .webp.")] = Path(
        "drawing.png"
    ),
    model: Annotated[
        Text,
        typer.Option(help="A diffusers pipeline's folder, hf:owner/repo, or openai:MODEL.", show_default=False),
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many pictures to draw after; 0 is by words alone.", min=0)] = 3,
    seed: Annotated[int, typer.Option(help="The same seed draws the same picture.", min=0)] = 0,
    count: Annotated[int, typer.Option("-n", "--count", help="How many to draw.", min=1)] = 1,
    steps: Annotated[int, typer.Option(help="Of the denoising; 0 leaves them to the model.", min=0)] = 0,
    strength: Annotated[float, typer.Option(help="How far from the references, above 0, to 1.")] = 0.6,
    sheet: Annotated[
        File, typer.Option(metavar="FILE.png", help="Draw the references beside the result.", show_default=False)
    ] = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Draw a new picture after those in the knowledge base; its file says what it was made from."""
    from quoth.drawing.provenance import check_format

    check_format(to)
    knowledge = quoth.open(kb, **({} if model is None else {"image_model": model}))
    # Whether there is a model is told before anything is looked for.
    _ = knowledge.draw.generator
    hits = knowledge.search(prompt, k, kind="image") if k else []
    if not as_json:
        show.hits(hits)
    with progress_bar("Drawing") as bar:
        drawn = knowledge.draw(
            prompt, references=hits, seed=seed, count=count, steps=steps, strength=strength, progress=bar.steps
        )
    files = _names(to, len(drawn))
    for file, one in zip(files, drawn, strict=True):
        one.save(file)
    if sheet:
        knowledge.pictures.sheet_of_drawings(sheet, prompt, drawn)
    if as_json:
        print_json([_shape(file, one) for file, one in zip(files, drawn, strict=True)])
        return
    for file, one in zip(files, drawn, strict=True):
        after = f" after {', '.join(r.document for r in one.provenance.references)}" if one.references else ""
        out.print(f"drawn into {file} by {one.provenance.model} ({one.provenance.way}){after}", markup=False)


def _names(path: Path, count: int) -> list[Path]:
    """cat.png; of several cat-1.png, cat-2.png, ..."""
    return [path] if count == 1 else [path.with_stem(f"{path.stem}-{i + 1}") for i in range(count)]


def _shape(file: Path, one: Drawn) -> dict[str, Any]:
    """`draw --json`: the references with their places, besides what the picture's file says."""
    return {"file": str(file), **asdict(one.provenance), "references": shapes.search_shape(list(one.references))}
