"""Words and pictures -> a new picture. `load_image_generator()` is the only door."""

from __future__ import annotations

from quoth.drawing.base import STRENGTH, Drawing, ImageGenerator, Sketch, Way
from quoth.errors import UsageError
from quoth.generators.remote_loading import PREFIX, check_client, is_remote
from quoth.settings import Settings

__all__ = ["STRENGTH", "Drawing", "ImageGenerator", "Sketch", "Way", "load_image_generator"]


def load_image_generator(settings: Settings) -> ImageGenerator:
    """What `settings.image_model` names: the folder of a diffusers pipeline, `hf:owner/repo`, or `openai:MODEL`.

    Raises:
        UsageError: none is named, or the server is no URL.
        NotFoundError: there is no such folder, or no pipeline in it.
        MissingExtraError: what it computes with is not installed.
        ModelError: it cannot be loaded, or there is no key for its server.
    """
    model = settings.image_model
    if not model:
        raise UsageError(
            "no model that draws is named, and none ships with Quoth",
            "give --model or the setting image_model: a diffusers pipeline's folder, hf:owner/repo, or openai:MODEL",
        )
    if is_remote(model):
        check_client(model)
        from quoth.drawing.endpoint import EndpointGenerator

        return EndpointGenerator(model.removeprefix(PREFIX), settings.server)
    from quoth.drawing.loading import load_diffusion

    return load_diffusion(model)
