"""A RAG checkpoint of `transformers` (`facebook/rag-token-nq` and the like), loaded and taken apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from quoth.checkpoints import check_installed, load
from quoth.errors import ModelError
from quoth.generators import Prompt
from quoth.generators.torch_runtime import load_model

if TYPE_CHECKING:
    from transformers import RagConfig

    from quoth.encoders.dpr import DprEncoder
    from quoth.generators.torch_seq2seq import Seq2SeqModel
    from quoth.types import Passage

_DECODINGS: dict[str, Literal["sequence", "token"]] = {
    "RagSequenceForGeneration": "sequence",
    "RagTokenForGeneration": "token",
}


@dataclass(frozen=True, slots=True)
class InputFormat:
    """How passage and question are written for the generator: `prefix title / text // question`.

    longest: of how many tokens, with those that frame a text; of what is longer the passage loses its end.
    """

    prefix: str
    title_sep: str
    doc_sep: str
    longest: int

    def text(self, title: str, passage: str, question: str) -> str:
        """The generator's input, to the letter that of transformers' `RagRetriever.postprocess_docs`."""
        title = title.removeprefix('"').removesuffix('"')
        return f"{self.prefix}{title}{self.title_sep}{passage}{self.doc_sep}{question}".replace("  ", " ")

    def prompt(self, model: Seq2SeqModel, passage: Passage | None, question: str) -> Prompt:
        """The prompt with this passage; without one it has its marks and nothing between them.

        Where it is too long, `postprocess_docs` loses the question; here the passage gives way.
        """
        text = self.text(passage.title if passage else "", passage.text if passage else "", question)
        tokens = model.tokenize(text)
        room = self.longest - len(model.begin) - len(model.close)
        if len(tokens) > room:
            asked = model.tokenize(f"{self.doc_sep}{question}".replace("  ", " "))[:room]
            tokens = tokens[: room - len(asked)] + asked
        return Prompt(((*model.begin, *tokens),))


@dataclass(frozen=True, slots=True)
class RagCheckpoint:
    """The parts of a checkpoint.

    decoding: how its mixture speaks.
    passages: how many condition an answer (`n_docs`).
    """

    questions: DprEncoder
    generator: Seq2SeqModel
    format: InputFormat
    decoding: Literal["sequence", "token"]
    passages: int


def load_rag(name: str) -> RagCheckpoint:
    """The parts of the checkpoint in a folder or at the hub.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        ModelError: it is no RAG checkpoint, or cannot be loaded.
    """
    check_installed()
    import transformers

    from quoth.encoders.dpr import DprEncoder
    from quoth.generators.torch_seq2seq import Seq2SeqModel

    config = load(transformers.AutoConfig, name)
    architecture = next(iter(config.architectures or []), config.model_type)
    if architecture not in _DECODINGS:
        raise ModelError(f"{name} is a {architecture}", f"give one of: {', '.join(_DECODINGS)}")
    model = load_model(getattr(transformers, architecture), name)
    tokenizers = load(transformers.RagTokenizer, name, config=config)
    generator = model.rag.generator
    generator.config.name_or_path = name
    return RagCheckpoint(
        DprEncoder(model.rag.question_encoder, tokenizers.question_encoder),
        Seq2SeqModel(generator, tokenizers.generator),
        _format_of(config),
        _DECODINGS[architecture],
        config.n_docs,
    )


def load_context_encoder(name: str) -> DprEncoder:
    """DPR's encoder of passages, from a folder or the hub.

    Raises:
        ModelError: it is none, or cannot be loaded.
    """
    check_installed()
    from transformers import AutoTokenizer, DPRContextEncoder

    from quoth.encoders.dpr import DprEncoder

    return DprEncoder(load_model(DPRContextEncoder, name), load(AutoTokenizer, name))


def local_or_hub(name: str | Path) -> str:
    """What `transformers` calls a folder, or a repository `owner/repo` with or without `hf:`."""
    return str(Path(name).expanduser()) if Path(name).expanduser().is_dir() else str(name).removeprefix("hf:")


def _format_of(config: RagConfig) -> InputFormat:
    # The generator's own configuration has the prefix: a space, for the BART of the original checkpoints.
    prefix = getattr(config.generator, "prefix", None) or ""
    return InputFormat(prefix, config.title_sep, config.doc_sep, config.max_combined_length)
