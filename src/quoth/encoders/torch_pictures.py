"""Picture models of `transformers` (ResNet, ViT, CLIP, SigLIP and their like), with the checkpoint's own preprocessing.

Its image processor is the one that computes with Pillow, also where torchvision is there: the same pixels on every
machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoModel, AutoModelForImageClassification, AutoTokenizer
from transformers.utils import cached_file, logging

from quoth.checkpoints import HUB, load
from quoth.encoders.base import Encoder, PictureEncoder, Seen
from quoth.encoders.batches import BATCH, look_at_all, look_at_nothing
from quoth.encoders.fingerprint import fingerprint
from quoth.errors import ModelError
from quoth.naming import whole
from quoth.types import Pixels, Vectors

if TYPE_CHECKING:
    from transformers import BaseImageProcessor, PreTrainedModel, PreTrainedTokenizerBase

Inputs = Mapping[str, torch.Tensor]
# In the order in which transformers looks for them.
_WEIGHTS = ("model.safetensors", "model-*.safetensors", "pytorch_model.bin", "pytorch_model-*.bin")
# Trained on texts filled up to the full length, and to look at what fills. Their checkpoints' tokenizers give no mask;
# those that transformers has saved again do.
_FILLED = ("siglip", "siglip2")


class TorchPictureEncoder(PictureEncoder):
    """A picture model on the GPU if torch has CUDA, else on the CPU, in float32."""

    def __init__(self, model: Tower, processor: BaseImageProcessor, version: str, words: Encoder | None = None) -> None:
        """`version` tells these weights from others."""
        self.name, self.version = model.kind, version
        self.classes, self.words = model.classes, words
        self._model = model
        self._processor = processor
        self._nothing = look_at_nothing(self._look)
        self.dimension = self._nothing.vectors.shape[1]

    def encode(self, pictures: Sequence[Pixels], progress: Callable[[int], None] | None = None) -> Seen:
        """(n,) pictures of any sizes -> (n, d) float32; of a classifier the logits too."""
        return look_at_all(self._look, pictures, self._nothing, progress)

    def _look(self, pictures: Sequence[Pixels]) -> Seen:
        # As Pillow's: of a bare array three pixels high the processor would think that its channels come first.
        inputs = self._processor([Image.fromarray(picture) for picture in pictures], return_tensors="pt")
        with torch.inference_mode():
            vectors, logits = self._model.look(inputs.to(self._model.device))
        return Seen(_array(vectors), None if logits is None else _array(logits))


class Tower:
    """A model that makes vectors of pictures: CLIP's and SigLIP's picture tower, or all of a model that has one."""

    classes: Sequence[str] = ()

    def __init__(self, model: PreTrainedModel, *, pools: bool = True) -> None:
        """`pools` is false of a model whose own pooling was never trained."""
        self.model = model
        self.kind = str(model.config.model_type)
        self.device = model.device
        self._pools = pools

    def look(self, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What the processor gave for n pictures -> (n, d) vectors and, of a classifier, (n, classes) logits."""
        see = getattr(self.model, "get_image_features", self.model)
        return self._pooled(see(**inputs)), None

    def _pooled(self, output: Any) -> torch.Tensor:  # noqa: ANN401
        """The model's own pooling; without one the first token of a transformer, the mean over places of a CNN."""
        pooled = getattr(output, "pooler_output", None) if self._pools else None
        if pooled is not None:
            return pooled.flatten(1)
        states = getattr(output, "last_hidden_state", None)
        if states is None:
            raise ModelError(
                f"a {type(self.model).__name__} gives no vectors of pictures", "give a ResNet, ViT, CLIP or SigLIP"
            )
        return states[:, 0] if states.dim() == 3 else states.mean((2, 3))


class Classifier(Tower):
    """A model that was trained to classify: its vectors are what the classifier's last layers read."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__(model)
        names = model.config.id2label
        self.classes = [str(names[index]) for index in sorted(names)]
        self._lock = Lock()

    def look(self, inputs: Inputs) -> tuple[torch.Tensor, torch.Tensor | None]:
        """See `Tower.look`."""
        read: list[Any] = []
        # A hook hears every thread's pictures, hence the lock.
        with self._lock, self.model.base_model.register_forward_hook(lambda *said: read.append(said[-1])):
            logits = self.model(**inputs).logits
        return self._pooled(read[0]), logits


class TorchWords(Encoder):
    """The text tower of CLIP and its like: texts -> vectors among those of the pictures."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, version: str) -> None:
        """`version` tells these weights from others."""
        self.name, self.version = f"{model.config.model_type}-words", version
        self._model = model
        self._tokenizer = tokenizer
        self._longest = int(model.config.text_config.max_position_embeddings)
        self.dimension = self._encode([""]).shape[1]

    def encode(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """(n,) texts -> (n, d) float32, unit rows; tokens beyond the model's positions are not read."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            vectors[start : start + len(batch)] = self._encode(batch)
            if progress:
                progress(start + len(batch))
        return vectors

    def _encode(self, texts: Sequence[str]) -> Vectors:
        clean = [whole(text) for text in texts]
        tokens = self._tokenizer(
            clean, padding="max_length", max_length=self._longest, truncation=True, return_tensors="pt"
        ).to(self._model.device)
        given = {"input_ids": tokens["input_ids"]} if self._model.config.model_type in _FILLED else tokens
        with torch.inference_mode():
            vectors = self._model.get_text_features(**given).pooler_output
        return _array(torch.nn.functional.normalize(vectors))


def load_torch_pictures(spec: str) -> TorchPictureEncoder:
    """The picture model in a folder, or at the hub (`hf:owner/repo`).

    Raises:
        ModelError: it is none, or cannot be loaded.
    """
    logging.disable_progress_bar()
    name = spec.removeprefix(HUB)
    config = load(AutoConfig, name)
    processor = load(AutoImageProcessor, name, backend="pil")
    classifies = next(iter(config.architectures or []), "").endswith("ForImageClassification")
    model, missing = _load_model(AutoModelForImageClassification if classifies else AutoModel, name)
    version = fingerprint(_weights(name))
    if classifies:
        return TorchPictureEncoder(Classifier(model), processor, version)
    words = None
    if hasattr(model, "get_text_features"):
        words = TorchWords(model, load(AutoTokenizer, name), version)
    return TorchPictureEncoder(Tower(model, pools=not missing), processor, version, words)


def _load_model(kind: type[Any], name: str) -> tuple[PreTrainedModel, bool]:
    """The model in float32, and whether the checkpoint came without weights for its pooling.

    transformers gives random weights to what a checkpoint lacks: for the pooling of some ViTs that is as it should be.
    """
    model, info = load(kind, name, dtype=torch.float32, output_loading_info=True)
    towers = hasattr(model, "get_image_features")
    if not towers and model.main_input_name != "pixel_values":
        raise ModelError(f"{name} is a {type(model).__name__}, no picture model", "give a ResNet, ViT, CLIP or SigLIP")
    missing = sorted(info["missing_keys"])
    lost = [key for key in missing if towers or "pooler." not in key]
    if lost:
        raise ModelError(
            f"{name} lacks {len(lost)} of the weights of a {type(model).__name__} ({lost[0]})",
            "give a whole checkpoint",
        )
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return model.to(device).eval(), bool(missing)


def _weights(name: str) -> list[Path]:
    """The files that hold the weights of a checkpoint that was loaded."""
    folder = Path(str(cached_file(name, "config.json"))).parent
    found = (sorted(folder.glob(pattern)) for pattern in _WEIGHTS)
    files = next(filter(None, found), None)
    if files is None:
        raise ModelError(f"there are no weights in {folder}", f"it must have one of: {', '.join(_WEIGHTS)}")
    return files


def _array(tensor: torch.Tensor) -> Vectors:
    return np.asarray(tensor.float().cpu().numpy())
