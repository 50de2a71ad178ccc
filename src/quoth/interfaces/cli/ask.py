"""`quoth ask`: its many options, all of them settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

import quoth
from quoth.interfaces import shapes
from quoth.interfaces.cli import show
from quoth.interfaces.cli.ask_file import ask_file
from quoth.interfaces.cli.console import out, print_json
from quoth.interfaces.cli.options import Json, Kb

Text = Optional[str]  # noqa: UP045 - typer reads these at run time
Whole = Optional[int]  # noqa: UP045
Number = Optional[float]  # noqa: UP045

DECODING = "How to decode"
DECODINGS = "sequence, sequence-fast, token, quote, concat-best-first or concat-best-last."


def _decoding(text: str, *names: str) -> typer.models.OptionInfo:
    """An option of the decoding, in a panel of its own."""
    option: typer.models.OptionInfo = typer.Option(*names, help=text, show_default=False, rich_help_panel=DECODING)
    return option


def ask(
    question: Annotated[Text, typer.Argument(help="What you want to know.", show_default=False)] = None,
    file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--file", help="Many: a line each, or .jsonl or .csv with `question`.", show_default=False),
    ] = None,
    results: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--out", help="Their answers, .jsonl or .csv; goes on where it stopped.", show_default=False),
    ] = None,
    model: Annotated[
        Text, typer.Option(help="A GGUF file, hf:owner/repo/file.gguf, or openai:MODEL.", show_default=False)
    ] = None,
    passages: Annotated[Whole, typer.Option(help="How many passages to read.", show_default=False)] = None,
    answers: Annotated[Whole, typer.Option("-n", "--answers", help="How many answers.", show_default=False)] = None,
    projector: Annotated[
        Text, typer.Option(help="The mmproj file of a GGUF model that looks at pictures.", show_default=False)
    ] = None,
    min_confidence: Annotated[
        Number, typer.Option(help="Withhold an answer of less confidence, in [0, 1].", show_default=False)
    ] = None,
    decoding: Annotated[Text, _decoding(DECODINGS)] = None,
    beams: Annotated[Whole, _decoding("Hypotheses alive at a time; 1 is greedy, 0 decides itself.")] = None,
    length_penalty: Annotated[Number, _decoding("Compare answers by log p / length ** this.")] = None,
    temperature: Annotated[Number, _decoding("Above 0: draw the answer instead of searching it.")] = None,
    top_p: Annotated[Number, _decoding("Draw from the likeliest tokens with this share.")] = None,
    seed: Annotated[Whole, _decoding("Of the drawing.")] = None,
    max_tokens: Annotated[Whole, _decoding("The longest answer.")] = None,
    stop: Annotated[Text, _decoding("End the answer before this text.")] = None,
    contrast: Annotated[Number, _decoding("Strength of context-aware decoding; 0 is off.")] = None,
    likelihood_weight: Annotated[Number, _decoding("How much p(question|passage) counts; 0 is off.")] = None,
    robust: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option("--robust", help="Let no single passage make an answer.", rich_help_panel=DECODING),
    ] = None,
    sheet: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE.png", help="Draw the sources into a picture.", show_default=False),
    ] = None,
    kb: Kb = None,
    as_json: Json = False,
) -> None:
    """Answer a question from the documents, each word tinted by its source; or a file of questions."""
    if (question is None) == (file is None):
        raise quoth.UsageError("neither or both of QUESTION and --file were given", "give one of them")
    if sheet and file:
        raise quoth.UsageError("--sheet is for the sources of one answer", "ask that question alone")
    if results and not file:
        raise quoth.UsageError("--out is for the answers to --file", "leave it out, or write `> FILE`")
    given = {
        "model": model,
        "projector": projector,
        "passages": passages,
        "answers": answers,
        "min_confidence": min_confidence,
        "decoding": decoding,
        "beams": beams,
        "length_penalty": length_penalty,
        "temperature": temperature,
        "top_p": top_p,
        "seed": seed,
        "max_tokens": max_tokens,
        "stop": stop,
        "contrast": contrast,
        "likelihood_weight": likelihood_weight,
        "robust": robust,
    }
    knowledge = quoth.open(kb, **{name: value for name, value in given.items() if value is not None})
    if file:
        ask_file(knowledge, file, results, as_json)
    else:
        _ask_one(knowledge, question or "", sheet, as_json)


def _ask_one(knowledge: quoth.KnowledgeBase, question: str, sheet: Path | None, as_json: bool) -> None:
    if as_json:
        answer = knowledge.ask(question)
        print_json(shapes.answer_shape(answer))
    else:
        answer = show.answer(knowledge.stream(question))
    if sheet:
        knowledge.pictures.sheet_of_answer(sheet, answer)
        if not as_json:
            out.print(f"drawn into {sheet}", markup=False)
