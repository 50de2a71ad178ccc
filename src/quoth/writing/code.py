"""Code in a passage: whether a piece is all there."""

from __future__ import annotations

import ast
import textwrap
import tomllib

LONGEST_LINES = 25


def without_fence(text: str) -> str:
    """Code without the fence around it and the indent that all its lines have."""
    lines = textwrap.dedent(text).strip("\n").splitlines()
    if lines and lines[0].lstrip().startswith(("```", "~~~")):
        lines = lines[1:-1]
    return textwrap.dedent("\n".join(lines)).strip("\n")


def is_whole_code(text: str) -> bool:
    """Whether this is a session at a prompt, or parses as Python or TOML: half a piece does not."""
    lines = text.splitlines()
    if not lines or len(lines) > LONGEST_LINES:
        return False
    return language(text) != ""


def language(text: str) -> str:
    """`python`, `toml`, `console`, or "" for none of them; a word or two is no code."""
    if text.startswith(">>> "):
        return "python" if _parses(text.partition("\n")[0][4:].rstrip(":") or "()") else ""
    if text.startswith("$ "):
        return "console"
    if len(text.split()) < 3:
        return ""
    if text.startswith("[") and _is_toml(text):
        return "toml"
    return "python" if _is_python(text) else "toml" if _is_toml(text) else ""


def _is_python(text: str) -> bool:
    """Whether it parses and is more than bare names, which a line of words may be by chance."""
    try:
        return any(not isinstance(node, ast.Expr) for node in ast.parse(textwrap.dedent(text)).body)
    except (SyntaxError, ValueError):
        return False


def _is_toml(text: str) -> bool:
    try:
        return bool(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return False


def _parses(line: str) -> bool:
    """Whether a line is Python, or the head of a statement."""
    for whole in (line, f"{line}:\n    pass", f"{line}\ndef f(): pass"):
        try:
            ast.parse(whole)
            return True
        except (SyntaxError, ValueError):
            continue
    return False
