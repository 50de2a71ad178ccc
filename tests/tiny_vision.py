"""Tiny projectors (mmproj files) with random weights for the tiny GGUF model, and pictures to look at.

`mlp` is LLaVA's kind: a picture is 64 tokens, one a patch, each sees those before it. `gemma3` is Gemma 3's: 4 tokens,
each the mean of 16 patches, which see each other, between two texts. `qwen2vl_merger` is Qwen2-VL's, whose tokens
have rows and columns (M-RoPE): it goes with `write_tiny_model(..., mrope=True)`.
"""

import io

import gguf
import numpy as np
from PIL import ExifTags, Image

WIDTH, INNER, LAYERS, SIDE, PATCH = 32, 48, 2, 32, 4
KINDS = ("mlp", "gemma3", "qwen2vl_merger")


def write_projector(path, kind="mlp", out=32, seed=1):
    """A vision transformer of two layers of 32 numbers, and what maps them to `out`, the width of the text model."""
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_string("clip.projector_type", kind)
    writer.add_bool("clip.use_gelu", True)
    sizes = {
        "image_size": SIDE, "patch_size": PATCH, "embedding_length": WIDTH, "feed_forward_length": INNER,
        "block_count": LAYERS, "projection_dim": out, "attention.head_count": 4,
    }  # fmt: skip
    for name, size in sizes.items():
        writer.add_uint32(f"clip.vision.{name}", size)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-6)
    for name in ("image_mean", "image_std"):
        writer.add_array(f"clip.vision.{name}", [0.5, 0.5, 0.5])
    for name, tensor in _tensors(kind, out, np.random.default_rng(seed)).items():
        writer.add_tensor(name, tensor.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _tensors(kind, out, draw):
    def random(*shape, scale=1.0):
        return draw.normal(0, scale / np.sqrt(np.prod(shape[1:])), shape)

    tensors = {"v.patch_embd.weight": random(WIDTH, 3, PATCH, PATCH, scale=4)}
    if kind == "qwen2vl_merger":
        tensors |= {"v.patch_embd.weight.1": random(WIDTH, 3, PATCH, PATCH, scale=4)}
        tensors |= _linear("mm.0", random(4 * WIDTH, 4 * WIDTH)) | _linear("mm.2", random(out, 4 * WIDTH, scale=4))
    else:
        tensors |= {"v.position_embd.weight": random((SIDE // PATCH) ** 2, WIDTH)}
    if kind == "mlp":
        tensors |= _linear("mm.0", random(out, WIDTH)) | _linear("mm.2", random(out, out, scale=4))
    if kind == "gemma3":
        tensors["mm.input_projection.weight"] = random(WIDTH, out, scale=4)
        tensors["mm.soft_emb_norm.weight"] = np.ones(WIDTH)
    if kind != "mlp":
        tensors |= _norm("v.post_ln")
    for i in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            tensors |= _linear(f"v.blk.{i}.{name}", random(WIDTH, WIDTH))
        tensors |= _norm(f"v.blk.{i}.ln1") | _norm(f"v.blk.{i}.ln2")
        tensors |= _linear(f"v.blk.{i}.ffn_up", random(INNER, WIDTH))
        tensors |= _linear(f"v.blk.{i}.ffn_down", random(WIDTH, INNER))
    return tensors


def _linear(name, weight):
    return {f"{name}.weight": weight, f"{name}.bias": np.zeros(len(weight))}


def _norm(name):
    return {f"{name}.weight": np.ones(WIDTH), f"{name}.bias": np.zeros(WIDTH)}


def jpeg(seed, size=(60, 40), caption=""):
    """A picture of coloured noise in large spots, with a caption in its EXIF."""
    spots = np.random.default_rng(seed).integers(0, 255, (4, 6, 3)).astype(np.uint8)
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[ExifTags.Base.ImageDescription] = caption
    Image.fromarray(spots).resize(size, Image.Resampling.NEAREST).save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()
