"""Typed settings: what a person may turn, with defaults that need no turning.

A knowledge base reads `settings.toml` in its folder; arguments of `quoth.open` go before it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

from quoth.errors import SettingsError
from quoth.types import Decoding

SETTINGS_FILE = "settings.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """All the settings, checked when made.

    model: the generator: a GGUF file's path, `hf:owner/repo/file.gguf`, or "" for the default.
    decoding: "sequence", "token", "concat-best-first" or "concat-best-last".
    passages: how many passages (k) condition an answer, at least 1.
    threads: threads of the generator; 0 measures what is fastest when the model is loaded.
    max_tokens: the longest answer, in the generator's tokens; 0 lets the prompt decide
        (40 for the short answers of a base model, 256 for a chat model).
    state_megabytes: how much memory passage states may take while the process lives.
    """

    model: str = ""
    decoding: Decoding = "sequence"
    passages: int = 5
    threads: int = 0
    max_tokens: int = 0
    state_megabytes: int = 512

    def __post_init__(self) -> None:
        """Refuse values of another type or out of range."""
        for field in fields(self):
            value, default = getattr(self, field.name), field.default
            if type(value) is not type(default):
                kind = type(default).__name__
                raise SettingsError(f"the setting {field.name} is {value!r}", f"it must be of type {kind}")
        if self.decoding not in get_args(Decoding):
            known = ", ".join(get_args(Decoding))
            raise SettingsError(f"there is no decoding {self.decoding!r}", f"choose one of: {known}")
        self._at_least(passages=1, threads=0, max_tokens=0, state_megabytes=0)

    def _at_least(self, **lowest: int) -> None:
        for name, bound in lowest.items():
            value = getattr(self, name)
            if value < bound:
                raise SettingsError(f"the setting {name} is {value}", f"it must be at least {bound}")


def make_settings(values: Mapping[str, Any]) -> Settings:
    """Settings from a mapping.

    Raises:
        SettingsError: a key does not exist, or a value is of another type or out of range.
    """
    known = [field.name for field in fields(Settings)]
    for key in values:
        if key not in known:
            raise SettingsError(f"there is no setting {key!r}", f"the settings are: {', '.join(known)}")
    return Settings(**values)


def load_settings(folder: Path, overrides: Mapping[str, Any]) -> Settings:
    """The settings of the knowledge base in `folder`, with `overrides` put over its file.

    Raises:
        SettingsError: the file is not TOML, or `make_settings` refuses what it says.
    """
    file = folder / SETTINGS_FILE
    try:
        values = tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} is not valid TOML ({error})", "mend or delete it") from error
    return make_settings({**values, **overrides})
