"""A tiny Stable Diffusion with random weights, made and saved here: nothing is downloaded.

Its latents are 8 x 8 and its pictures 16 x 16: a UNet of two blocks, a VAE, CLIP's text tower, a byte-level tokenizer.
"""

import json
from pathlib import Path

import pytest

from tiny import byte_tokenizer, seeded

SIDE = 16
_WIDTH = 8


def pipeline(folder, seed=0):
    """A text-to-image pipeline, saved as diffusers saves them."""
    diffusers = pytest.importorskip("diffusers")
    from transformers import CLIPTextConfig, CLIPTextModel

    tokenizer = byte_tokenizer("<s> $A </s>", max_length=24)
    seeded(seed)
    blocks = {"block_out_channels": (_WIDTH, 2 * _WIDTH), "layers_per_block": 1, "norm_num_groups": 4}
    unet = diffusers.UNet2DConditionModel(
        sample_size=SIDE // 2, cross_attention_dim=16, attention_head_dim=4, **blocks,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    )  # fmt: skip
    vae = diffusers.AutoencoderKL(
        latent_channels=4,
        **blocks,
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
            max_position_embeddings=24, eos_token_id=2, pad_token_id=1, initializer_factor=8.0,
        )
    )  # fmt: skip
    scheduler = diffusers.DDIMScheduler(steps_offset=1, clip_sample=False)
    made = diffusers.StableDiffusionPipeline(
        vae,
        text,
        tokenizer,
        unet,
        scheduler,
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    made.save_pretrained(folder)
    return str(folder)


def adapted(folder, seed=0):
    """The same with an IP-Adapter: a projection of a tiny CLIP's vectors, keys and values for attentions to words."""
    import torch
    from diffusers import UNet2DConditionModel
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    pipeline(folder, seed)
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet")
    vision = CLIPVisionConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16, image_size=32, patch_size=8,
        projection_dim=12, initializer_factor=8.0,
    )  # fmt: skip
    place = Path(folder) / "ip_adapter"
    CLIPVisionModelWithProjection(vision).save_pretrained(place / "image_encoder")
    held = {
        "image_proj.proj.weight": torch.randn(4 * 16, 12),
        "image_proj.proj.bias": torch.zeros(4 * 16),
        "image_proj.norm.weight": torch.ones(16),
        "image_proj.norm.bias": torch.zeros(16),
    }
    crossing = [module for name, module in unet.named_modules() if name.endswith("attn2")]
    for i, attention in enumerate(crossing):
        for part in ("k", "v"):
            # As the adapters at large number them: attentions to words are every second one.
            held[f"ip_adapter.{2 * i + 1}.to_{part}_ip.weight"] = torch.randn(attention.inner_dim, 16)
    save_file(held, place / "ip-adapter_tiny.safetensors")
    return str(folder)


def with_index(folder, **changes):
    """The same folder with another model_index.json."""
    path = Path(folder) / "model_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return str(folder)
