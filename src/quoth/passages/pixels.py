"""A picture's bytes -> its pixels: upright, in sRGB, on white, the first frame, of bounded size."""

from __future__ import annotations

import hashlib
import io
import warnings
from contextlib import suppress

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from quoth.errors import DocumentError
from quoth.types import Picture

LONGEST = 512
"""The longer side of what is kept, in pixels: encoders look at 224 to 384, people at a preview."""

MAX_PIXELS = 200_000_000
"""Larger ones are not decoded: a file of some kilobytes can claim to hold billions."""

QUALITY = 85
# A small JPEG of at most so many bytes is its own preview.
_SMALL = 100_000
_TURNED = range(5, 9)
_SRGB = ImageCms.createProfile("sRGB")
# The limit is ours, and an error; Pillow's own would be a warning first.
Image.MAX_IMAGE_PIXELS = None


def decode_picture(data: bytes) -> Picture:
    """Decode a picture of any format that Pillow reads.

    Raises:
        DocumentError: it is none, it is broken, or it is too large.
    """
    return keep_picture(open_picture(data), data)


def decode_upright(data: bytes, longest: int) -> Image.Image:
    """The picture as it is kept, but with a longer side of at most so many pixels. Raises DocumentError."""
    try:
        return _plain(_small(open_picture(data), longest))
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise _broken(error) from error


def open_picture(data: bytes) -> ImageFile:
    """The picture with what its file says of it, not decoded yet. Raises DocumentError."""
    try:
        with warnings.catch_warnings(action="ignore"):
            return Image.open(io.BytesIO(data))
    except UnidentifiedImageError as error:
        raise DocumentError("it is no picture of a known format", "save it as PNG or JPEG") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise _broken(error) from error


def keep_picture(image: Image.Image, data: bytes = b"") -> Picture:
    """Decode an open picture, of these bytes if it has a file's. Raises DocumentError if it is broken or too large."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        cause = f"{width} x {height} pixels are too many: the limit is {MAX_PIXELS // 1_000_000} million"
        raise DocumentError(cause, "make it smaller")
    try:
        # Of some formats what the file says of its picture is read with the picture itself.
        turned = image.getexif().get(ExifTags.Base.Orientation) in _TURNED
        plain = _plain(_small(image))
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise _broken(error) from error
    if turned:
        width, height = height, width
    pixels = np.array(plain)
    digest = hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()[:16]
    is_preview = image.format == "JPEG" and image.mode == "RGB" and image.size == plain.size and 0 < len(data) <= _SMALL
    preview = data if is_preview and not turned and "icc_profile" not in image.info else encode_jpeg(plain)
    return Picture(digest, pixels, preview, width, height)


def encode_jpeg(image: Image.Image, quality: int = QUALITY) -> bytes:
    """A picture as a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _broken(error: Exception) -> DocumentError:
    return DocumentError(f"the picture is broken ({error})"[:200], "save it again from its source")


def _small(image: Image.Image, longest: int = LONGEST) -> Image.Image:
    """The picture upright, with no side longer than so many pixels."""
    # A JPEG is decoded at a half, a quarter or an eighth of its size where that is enough.
    image.draft(None, (longest, longest))
    upright = ImageOps.exif_transpose(image)
    if upright.mode == "P":
        upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    if upright.mode.startswith(("I", "F")):
        upright = _eight_bits(upright)
    upright.thumbnail((longest, longest), Image.Resampling.BICUBIC, reducing_gap=2.0)
    return upright


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey values of 16 or 32 bits, or fractions, as 8 bits: by their type's range, else by their own."""
    values = np.asarray(image, np.float32)
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else (float(values.min()), float(values.max()))
    return Image.fromarray(((values - low) * (255 / max(high - low, 1e-6))).astype(np.uint8))


def _plain(image: Image.Image) -> Image.Image:
    """Red, green and blue in sRGB, what is transparent on white."""
    profile = image.info.get("icc_profile")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    if profile:
        # A profile that is broken or of another kind of pixels is as good as none.
        with suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            image = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB") or image
    return image.convert("RGB")
