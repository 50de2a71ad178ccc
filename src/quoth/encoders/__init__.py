"""Text and pictures -> vectors. `load_encoder()` and `load_picture_encoder()` are the only doors."""

from __future__ import annotations

import os
from pathlib import Path

from quoth.checkpoints import HUB, check_installed
from quoth.encoders.base import Encoder, PictureEncoder, Seen
from quoth.errors import ModelError, NotFoundError

__all__ = ["MODELS", "Encoder", "PictureEncoder", "Seen", "load_encoder", "load_picture_encoder"]

MODELS = Path(__file__).parent.parent / "models"
_KERAS = "keras:"


def load_encoder(folder: Path | None = None) -> Encoder:
    """The encoder of texts in `folder` (model.json, tokenizer.json and the ONNX file), by default the shipped one."""
    # Imported here: onnxruntime and tokenizers take longer to load than all that `quoth --help` does.
    from quoth.encoders.onnx import OnnxEncoder

    return OnnxEncoder(folder or MODELS / "all-MiniLM-L6-v2")


def load_picture_encoder(model: str = "") -> PictureEncoder:
    """The picture encoder that is meant.

    Args:
        model: one of
            "": the shipped EfficientNet-Lite0;
            a folder with model.json: a model in ONNX whose preprocessing is stated there;
            a folder with onnx/vision_model.onnx: CLIP or SigLIP as hubs export them;
            a folder with config.json, or `hf:owner/repo`: a picture model of transformers;
            `keras:/path/to/weights.h5` or `.keras`: Keras's ResNet50; `keras:resnet50` downloads its weights.

    Raises:
        NotFoundError: there is no such folder or file.
        MissingExtraError: what it computes with is not installed.
        ModelError: it cannot be loaded.
    """
    if model.startswith(_KERAS):
        from quoth.encoders.keras_pictures import KerasPictureEncoder

        return KerasPictureEncoder(model.removeprefix(_KERAS))
    if model.startswith(HUB):
        return _from_transformers(model)
    folder = Path(os.path.expanduser(model)) if model else MODELS / "efficientnet-lite0"  # noqa: PTH111
    return _from_folder(folder)


def _from_folder(folder: Path) -> PictureEncoder:
    """What is in a folder; ONNX goes before torch, which is slower to load and may be missing."""
    if (folder / "model.json").is_file():
        from quoth.encoders.onnx_pictures import load_onnx_pictures

        return load_onnx_pictures(folder)
    if (folder / "onnx" / "vision_model.onnx").is_file():
        from quoth.encoders.onnx_clip import load_onnx_clip

        return load_onnx_clip(folder)
    if (folder / "config.json").is_file():
        return _from_transformers(str(folder))
    cure = "set picture_encoder to a folder with model.json, onnx/vision_model.onnx or config.json, to hf: or keras:"
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}", cure)
    raise ModelError(f"there is no picture encoder in {folder}", cure)


def _from_transformers(model: str) -> PictureEncoder:
    check_installed()
    from quoth.encoders.torch_pictures import load_torch_pictures

    return load_torch_pictures(model)
