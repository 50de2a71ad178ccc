"""Pipelines of diffusers: what is refused, and how references are fitted; what all generators do is in contract/."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import tiny_diffusion
from pictures import noise
from quoth.drawing import Sketch, load_image_generator
from quoth.errors import ModelError, NotFoundError, UsageError
from quoth.settings import Settings


def load(folder):
    return load_image_generator(Settings(image_model=str(folder)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return Path(tiny_diffusion.pipeline(tmp_path_factory.mktemp("pipeline")))


@pytest.fixture
def copy(folder, tmp_path):
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_a_reference_is_fitted_to_the_size_that_the_model_draws(folder):
    [tall] = load(folder).generate("a cat", [np.asarray(noise((30, 120)))], Sketch(steps=4))
    height, width = tall.pixels.shape[:2]
    assert height * width == tiny_diffusion.SIDE**2 and height == 4 * width


def test_each_picture_is_drawn_over_a_reference_of_its_own(folder):
    shown = [np.asarray(noise((16, 16), seed)) for seed in range(2)]
    drawn = load(folder).generate("a cat", shown, Sketch(steps=10, strength=0.11, count=3))
    assert [one.references for one in drawn] == [(0,), (1,), (0,)]
    assert {one.way for one in drawn} == {"image-to-image"}


def test_too_few_steps_for_the_strength(folder):
    with pytest.raises(UsageError, match="1 steps of strength 0.5") as raised:
        load(folder).generate("a cat", [np.asarray(noise())], Sketch(steps=1, strength=0.5))
    assert "2 steps" in raised.value.cure
    with pytest.raises(UsageError, match="50 steps of strength 0.01 draw nothing"):
        load(folder).generate("a cat", [np.asarray(noise())], Sketch(strength=0.01))


def test_a_pipeline_may_count_no_steps():
    pytest.importorskip("diffusers")
    from quoth.drawing.diffusion import _dials

    class Distilled:
        def __call__(self, prompt, image, strength):
            pass

    assert _dials(Distilled(), Sketch(steps=1, strength=0.5), "image-to-image") == {"strength": 0.5}


def test_the_strength_of_an_adapter_is_how_little_the_references_count(tmp_path):
    generator = load(tiny_diffusion.adapted(tmp_path))
    shown = [np.asarray(noise(seed=seed)) for seed in range(2)]
    [plain] = generator.generate("a cat", (), Sketch(steps=4))
    [free] = generator.generate("a cat", shown, Sketch(steps=4, strength=1.0))
    [bound] = generator.generate("a cat", shown, Sketch(steps=4, strength=0.2))
    assert (bound.way, bound.references) == ("ip-adapter", (0, 1))
    assert np.array_equal(plain.pixels, free.pixels)
    assert not np.array_equal(plain.pixels, bound.pixels)


def test_none_ships():
    with pytest.raises(UsageError, match="none ships") as raised:
        load("")
    assert "image_model" in raised.value.cure and "openai:MODEL" in raised.value.cure


def test_a_folder_without_a_pipeline(tmp_path):
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotFoundError, match="no model that draws"):
            load(place)


def test_pickled_weights_are_refused(copy):
    import torch
    from safetensors.torch import load_file

    weights = copy / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(ModelError, match="diffusers cannot load"):
        load(copy)


def test_a_pickled_image_encoder_of_an_adapter_is_refused(tmp_path):
    import torch
    from safetensors.torch import load_file

    weights = Path(tiny_diffusion.adapted(tmp_path)) / "ip_adapter" / "image_encoder" / "model.safetensors"
    torch.save(load_file(weights), weights.with_name("pytorch_model.bin"))
    weights.unlink()
    with pytest.raises(ModelError, match="image_encoder"):
        load(tmp_path)


def test_code_in_the_folder_is_not_run(copy):
    trap = copy / "ran"
    for place in (copy, copy / "unet"):
        (place / "mine.py").write_text(f"open({str(trap)!r}, 'w')\nclass Mine: pass\n")
    for changes in ({"_class_name": ["mine", "Mine"]}, {"unet": ["mine", "Mine"]}):
        tiny_diffusion.with_index(copy, **changes)
        with pytest.raises(ModelError):
            load(copy)
    assert not trap.exists()


def test_a_pipeline_that_draws_nothing(tmp_path):
    diffusers = pytest.importorskip("diffusers")
    unet = diffusers.UNet2DModel(sample_size=8, block_out_channels=(8,), norm_num_groups=4, layers_per_block=1,
                                 down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",))  # fmt: skip
    diffusers.DDIMPipeline(unet, diffusers.DDIMScheduler()).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="DDIMPipeline, which draws no pictures"):
        load(tmp_path)


def test_an_adapter_for_another_pipeline(tmp_path):
    place = Path(tiny_diffusion.adapted(tmp_path)) / "ip_adapter"
    shutil.copy(place / "ip-adapter_tiny.safetensors", place / "another.safetensors")
    with pytest.raises(ModelError, match=r"2 \.safetensors files"):
        load(tmp_path)
    (place / "another.safetensors").unlink()
    (place / "ip-adapter_tiny.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelError):
        load(tmp_path)
