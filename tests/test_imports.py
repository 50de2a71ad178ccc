"""Imports only go down the stages of DESIGN.md, and what is heavy is loaded by who needs it.

A module may import from a lower level, from its own part (its file or folder), and from nowhere else: two parts of one
level know nothing of each other. `answer` renders itself with `rendering`, which is one level
lower and knows an answer only as a type; such imports (`if TYPE_CHECKING`) never run and may go anywhere.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "quoth"

# Highest first. The evaluation asks a knowledge base; the knowledge base ties the stages together.
LEVELS = [
    {"interfaces"},
    {"evaluation"},
    {"knowledge"},
    {"asking"},
    {"engine"},
    {"pictures", "writing"},
    {"showing", "intake"},
    {"gathering", "ingestion", "warming", "reading", "assistants"},
    {"comparing", "fitting", "mapping"},
    {"gallery"},
    {"looking"},
    {"rag", "retrieval", "drawing"},
    {"generators", "store", "embeddings", "similarity"},
    {"encoders", "passages"},
    {"access", "sources"},
    {"answer", "folders", "manifest", "naming", "sheet", "map", "regions"},
    {"rendering", "settings", "checkpoints"},
    {"thumbnails", "types", "once"},
    {"origin"},
    {"errors"},
]
HEIGHT = {part: len(LEVELS) - index for index, level in enumerate(LEVELS) for part in level}
HEAVY = {
    "lancedb",
    "pyarrow",
    "PIL",
    "sklearn",
    "onnxruntime",
    "tokenizers",
    "llama_cpp",
    "openai",
    "torch",
    "transformers",
    "diffusers",
    "keras",
    "xberg",
    "pypdfium2",
    "lxml",
    "httpx2",
    "feedparser",
    "sqlalchemy",
    "fastapi",
    "uvicorn",
    "mcp",
}
# The package's own door is for interfaces and loads each name when it is used.
DOOR = "quoth"


def part_of(module):
    return module.split(".")[1] if "." in module else DOOR


def imports(file):
    """(module, line, only for its type) of every import from Quoth."""
    tree = ast.parse(file.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for inner in ast.walk(node):
                inner.for_types = True
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}, line {node.lineno}: name the module in full"
            names = [node.module] if node.module != DOOR else [f"{DOOR}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == DOOR:
                yield name, node.lineno, getattr(node, "for_types", False)


FILES = sorted(file for file in SOURCE.rglob("*.py") if file != SOURCE / "__init__.py")


def test_every_part_has_its_level():
    parts = {file.relative_to(SOURCE).parts[0].removesuffix(".py") for file in FILES}
    assert parts <= set(HEIGHT)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(SOURCE).as_posix())
def test_imports_only_go_down(file):
    here = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    for module, line, for_types in imports(file):
        there = part_of(module)
        allowed = (
            for_types
            or there == here
            or (here == "interfaces" and there == DOOR)
            or HEIGHT.get(there, len(LEVELS)) < HEIGHT[here]
        )
        assert allowed, f"{file}, line {line}: {here} must not import {there}"


def loaded_by(statement):
    code = f"{statement}\nimport sys\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_quoth_loads_nothing_that_takes_time():
    assert not loaded_by("import quoth") & {*HEAVY, "numpy", "rich", "typer"}


def test_the_path_loads_no_engine_before_it_is_used():
    assert not loaded_by("import quoth.knowledge") & HEAVY


def test_help_loads_no_engine():
    assert not loaded_by("import quoth.interfaces.cli.main") & {*HEAVY, "numpy"}
