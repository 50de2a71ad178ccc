"""Typed settings: what a person may turn, with defaults that need no turning.

A knowledge base reads `settings.toml` in its folder; arguments of `quoth.open` go before it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

from quoth.errors import SettingsError
from quoth.types import Decoding, StateType

SETTINGS_FILE = "settings.toml"
OF_MODELS = frozenset(
    {
        "model",
        "projector",
        "server",
        "picture_encoder",
        "threads",
        "state_megabytes",
        "state_disk_megabytes",
        "state_type",
    }
)
"""The settings of what is loaded once; the others may change from answer to answer."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All the settings, checked when made.

    model: the generator: a GGUF file's path, a transformers checkpoint's folder, `hf:owner/repo[/file.gguf]`,
        `openai:MODEL`, or "" for the default.
    projector: of a GGUF model that looks at pictures, its mmproj GGUF: a path or `hf:owner/repo/file.gguf`; "" for the
        one that lies beside the model, "none" for none.
    server: for `openai:MODEL`, the base URL of the OpenAI-compatible server; "" for that of OPENAI_BASE_URL.
    picture_encoder: what looks at pictures: "" for the shipped EfficientNet-Lite0; the folder of an ONNX model with its
        model.json, of CLIP or SigLIP in ONNX, or of a transformers checkpoint (also `hf:owner/repo`); or Keras's
        ResNet50: `keras:/path/to/weights.h5` (or .keras), `keras:resnet50` to download its weights.
    image_model: what draws: a diffusers pipeline's folder, `hf:owner/repo`, or `openai:MODEL` at `server`; "" is none.
    decoding: "sequence", "sequence-fast", "token", "quote", "concat-best-first" or "concat-best-last".
    answers: how many distinct answers are wanted; the others are the answer's `alternatives`.
    beams: hypotheses alive at a time (for each passage, but in RAG-Token); 1 is greedy, 0 lets the decoding decide
        (2 for the short answers of RAG-Sequence with a base model, else 1; quotes always have 4).
    length_penalty: an answer of m tokens is compared by log p / m ** length_penalty; 0 is log p itself.
    temperature: above 0 the answer is drawn, not searched; top_p: from the likeliest tokens with this share of
        the mass together; seed: of the drawing.
    stop: a text before which an answer ends, besides where the model ends it; "" is none.
    contrast: the strength of context-aware decoding, 0 or more; 0 is off.
    likelihood_weight: how much the generator's word on the passages (how likely the question is after each) counts
        beside the retriever's; 0 is not at all.
    robust: leave out of each answer's probability what its strongest passage gives it, so that no single
        passage can make an answer.
    min_confidence: an answer of less confidence is withheld, in [0, 1].
    passages: how many passages (k) condition an answer, at least 1.
    threads: threads of the generator; 0 measures what is fastest when the model is loaded.
    max_tokens: the longest answer, in the generator's tokens; 0 lets the prompt decide
        (16 for the short answers of a base model, 256 for a chat model).
    state_megabytes: how much memory passage states may take while the process lives.
    state_disk_megabytes: how much of the disk they may take in the knowledge base; 0 keeps none there.
    state_type: "f16", or "q8" for states of half the size (and answers that may differ a little).
    """

    model: str = ""
    projector: str = ""
    server: str = ""
    picture_encoder: str = ""
    image_model: str = ""
    decoding: Decoding = "sequence"
    answers: int = 1
    beams: int = 0
    length_penalty: float = 0.75
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: str = ""
    contrast: float = 0.0
    likelihood_weight: float = 0.5
    robust: bool = False
    min_confidence: float = 0.05
    passages: int = 5
    threads: int = 0
    max_tokens: int = 0
    state_megabytes: int = 512
    state_disk_megabytes: int = 2048
    state_type: StateType = "f16"

    def __post_init__(self) -> None:
        """Refuse values of another type or out of range."""
        for field in fields(self):
            value, default = getattr(self, field.name), field.default
            if type(value) is int and type(default) is float:
                object.__setattr__(self, field.name, float(value))
            elif type(value) is not type(default):
                kind = type(default).__name__
                raise SettingsError(f"the setting {field.name} is {value!r}", f"it must be of type {kind}")
        if self.decoding not in get_args(Decoding):
            known = ", ".join(get_args(Decoding))
            raise SettingsError(f"there is no decoding {self.decoding!r}", f"choose one of: {known}")
        if self.state_type not in get_args(StateType):
            known = ", ".join(get_args(StateType))
            raise SettingsError(f"there is no state type {self.state_type!r}", f"choose one of: {known}")
        self._at_least(state_disk_megabytes=0)
        self._at_least(passages=1, threads=0, max_tokens=0, state_megabytes=0, answers=1, beams=0, seed=0)
        self._at_least(temperature=0.0, contrast=0.0, likelihood_weight=0.0, min_confidence=0.0, top_p=0.01)
        self._at_most(top_p=1.0, min_confidence=1.0)

    def _at_most(self, **highest: float) -> None:
        for name, bound in highest.items():
            value = getattr(self, name)
            if value > bound:
                raise SettingsError(f"the setting {name} is {value}", f"it must be at most {bound}")

    def _at_least(self, **lowest: float) -> None:
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


def change_settings(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """The settings with other ways to answer.

    Raises:
        SettingsError: as `make_settings`, or a change is of what is loaded already.
    """
    for key in changes:
        if key in OF_MODELS:
            raise SettingsError(f"the setting {key} cannot change from answer to answer", "open another knowledge base")
    return make_settings({**asdict(settings), **changes})


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
