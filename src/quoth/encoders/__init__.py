"""Text -> vectors. `load_encoder()` is the only door."""

from __future__ import annotations

from pathlib import Path

from quoth.encoders.base import Encoder

__all__ = ["Encoder", "load_encoder"]

SHIPPED = Path(__file__).parent.parent / "models" / "all-MiniLM-L6-v2"


def load_encoder(folder: Path | None = None) -> Encoder:
    """The encoder in `folder` (model.json, tokenizer.json and the ONNX file), by default the shipped one."""
    # Imported here: onnxruntime and tokenizers take longer to load than all that `quoth --help` does.
    from quoth.encoders.onnx import OnnxEncoder

    return OnnxEncoder(folder or SHIPPED)
