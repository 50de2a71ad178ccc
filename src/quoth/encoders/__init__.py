"""Text and pictures -> vectors. `load_encoder()` and `load_picture_encoder()` are the only doors."""

from __future__ import annotations

from pathlib import Path

from quoth.encoders.base import Encoder, PictureEncoder, Seen

__all__ = ["MODELS", "Encoder", "PictureEncoder", "Seen", "load_encoder", "load_picture_encoder"]

MODELS = Path(__file__).parent.parent / "models"


def load_encoder(folder: Path | None = None) -> Encoder:
    """The encoder of texts in `folder` (model.json, tokenizer.json and the ONNX file), by default the shipped one."""
    # Imported here: onnxruntime and tokenizers take longer to load than all that `quoth --help` does.
    from quoth.encoders.onnx import OnnxEncoder

    return OnnxEncoder(folder or MODELS / "all-MiniLM-L6-v2")


def load_picture_encoder(model: str = "") -> PictureEncoder:
    """The picture encoder that is meant.

    Args:
        model: "" for the shipped EfficientNet-Lite0, or the folder of an ONNX model with its model.json.

    Raises:
        ModelError: it cannot be loaded.
    """
    from quoth.encoders.onnx_pictures import OnnxPictureEncoder

    return OnnxPictureEncoder(Path(model).expanduser() if model else MODELS / "efficientnet-lite0")
