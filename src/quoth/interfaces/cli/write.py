"""`quoth write`: a text from the documents, its outline to be edited, its report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

import quoth
from quoth.interfaces import shapes
from quoth.interfaces.cli.console import err, out, print_json, progress_bar
from quoth.interfaces.cli.options import Json, Kb

if TYPE_CHECKING:
    from quoth.knowledge import KnowledgeBase
    from quoth.writing import Outline, Report, Writing

Text = Optional[str]  # noqa: UP045 - typer reads these at run time
File = Optional[Path]  # noqa: UP045
_STYLE = "For a model that follows instructions; a base model cannot rewrite."


def write(
    brief: Annotated[str, typer.Argument(help="What to write, and about what.", show_default=False)],
    outline: Annotated[
        File, typer.Option(help="Is written if it does not exist; is followed if it does.", show_default=False)
    ] = None,
    to: Annotated[File, typer.Option("--out", help="A file: .md, .html or .docx.", show_default=False)] = None,
    length: Annotated[int, typer.Option(help="How many words, about.")] = 800,
    tone: Annotated[str, typer.Option(help=_STYLE, show_default=False)] = "",
    audience: Annotated[str, typer.Option(help="Who is to read it. " + _STYLE, show_default=False)] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Leave out what no passage supports.")] = False,
    model: Annotated[
        Text, typer.Option(help="A GGUF file, hf:owner/repo/file.gguf, or openai:MODEL.", show_default=False)
    ] = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Write a text from the documents, each sentence with a footnote to what supports it."""
    if to:
        quoth.Writing.check_name(to)
    knowledge = quoth.open(kb, **({"model": model} if model else {}))
    wishes = {"length": length, "tone": tone, "audience": audience, "strict": strict}
    if outline and not outline.exists():
        _plan(knowledge.outline(brief, **wishes), outline)
        return
    planned = quoth.read_outline(_text_of(outline)) if outline else None
    text = _written(knowledge, brief, planned, wishes)
    if to:
        text.save(to)
    if as_json:
        print_json(shapes.writing_shape(text))
    elif not to:
        out.print(text.markdown, markup=False, soft_wrap=True)
    _report(text.report, to)


def _written(knowledge: KnowledgeBase, brief: str, planned: Outline | None, wishes: Mapping[str, object]) -> Writing:
    with progress_bar("Writing") as bar:
        stream = knowledge.write(brief, planned, **wishes)
        for done, _ in enumerate(stream, start=1):
            bar.steps(done, len(stream.outline.sections))
        return stream.text


def _plan(planned: Outline, file: Path) -> None:
    try:
        file.write_text(planned.markdown, "utf-8")
    except OSError as error:
        raise quoth.StoreError(f"{file} cannot be written ({error})", "check its rights and room") from error
    out.print(f"the outline is in {file}: edit it, then run the same command again", markup=False)


def _text_of(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise quoth.UsageError(f"{file} cannot be read ({error})", "give an outline in Markdown, in UTF-8") from error


def _report(report: Report, file: Path | None) -> None:
    """How much is supported by what, on stderr: stdout has the text."""
    whole = report.whole
    words = max(whole.words, 1)
    where = f" in {file}" if file else ""
    shares = f"{whole.supported / words:.0%} supported by passages, {whole.verbatim / words:.0%} word for word"
    err.print(
        f"{whole.words:,} words{where}: {shares}, {whole.memory / words:.0%} from the model's memory", markup=False
    )
    for heading, share in report.sections:
        said = f"{share.words:5,} words, {share.supported / max(share.words, 1):4.0%} supported  {heading}"
        err.print(said, markup=False, soft_wrap=True)
    if report.dropped:
        err.print(f"{len(report.dropped)} sentences that nothing supports were left out")
    if report.empty:
        err.print(f"too little in the documents on: {'; '.join(report.empty)}", markup=False, soft_wrap=True)
    for note in report.notes:
        err.print(note, markup=False, soft_wrap=True)
