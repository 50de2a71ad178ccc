"""Pictures' files: any format, upright, on white, in sRGB, of bounded size; broken and enormous ones are refused."""

import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from pictures import draw, encoded, noise
from quoth.errors import DocumentError
from quoth.passages import Parser, parse_all
from quoth.passages.pixels import LONGEST, decode_picture


def near(pixels, image, within=12.0):
    """Whether pixels look like a picture, losses of compression aside."""
    return np.abs(pixels.astype(float) - np.asarray(image.convert("RGB"), float)).mean() < within


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "1"])
def test_every_format_and_mode(file_format, mode):
    image = draw().convert(mode)
    stored = image if file_format in ("PNG", "GIF", "TIFF", "BMP") else image.convert("RGB")
    picture = decode_picture(encoded(stored, file_format))
    assert (picture.width, picture.height, picture.pixels.shape) == (96, 64, (64, 96, 3))
    assert picture.pixels.dtype == np.uint8
    assert near(picture.pixels, image)


def test_a_large_one_is_made_smaller_and_says_how_large_it_was():
    picture = decode_picture(encoded(noise((3000, 1500)), "JPEG"))
    assert (picture.width, picture.height) == (3000, 1500)
    assert picture.pixels.shape == (LONGEST // 2, LONGEST, 3)
    assert near(picture.pixels, noise((LONGEST, LONGEST // 2)))
    assert near(decode_picture(picture.preview).pixels, noise((LONGEST, LONGEST // 2)))


# How a picture must be turned so that a viewer who heeds the orientation sees it upright (EXIF 2.32, 4.6.4).
LYING = {1: None, 2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90",
         7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip


@pytest.mark.parametrize("orientation", LYING)
def test_every_orientation_is_brought_upright(orientation):
    image, exif = noise(), Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    lying = image.transpose(Image.Transpose[LYING[orientation]]) if LYING[orientation] else image
    picture = decode_picture(encoded(lying, "PNG", exif=exif))
    assert (picture.width, picture.height) == image.size
    assert near(picture.pixels, image)


def test_what_is_transparent_is_white():
    clear = draw().convert("RGBA")
    clear.putalpha(0)
    assert (decode_picture(encoded(clear)).pixels == 255).all()
    palette = draw("stripes").convert("P")
    shown = decode_picture(encoded(palette, "GIF", transparency=palette.getpixel((0, 0)))).pixels
    assert (shown[0, 0] == 255).all()


def test_an_animated_one_gives_its_first_frame():
    frames = [noise(seed=seed) for seed in range(3)]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert near(decode_picture(data).pixels, frames[0])


def test_cmyk_and_sixteen_bits():
    assert near(decode_picture(encoded(draw().convert("CMYK"), "TIFF")).pixels, draw(), 20)
    ramp = np.linspace(0, 65535, 64 * 96).reshape(64, 96).astype(np.uint16)
    assert abs(decode_picture(encoded(Image.fromarray(ramp))).pixels.mean() - 127.5) < 2


def test_a_colour_profile_is_heard_and_a_broken_one_is_not():
    image = noise()
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert near(decode_picture(encoded(image, icc_profile=lab)).pixels, image, 2)
    assert near(decode_picture(encoded(image, icc_profile=b"no profile")).pixels, image, 2)


def test_the_digest_is_of_the_pixels():
    same = [decode_picture(encoded(noise(), name)).digest for name in ("PNG", "BMP")]
    assert same[0] == same[1] != decode_picture(encoded(noise(seed=1))).digest


def test_a_bomb_is_refused_without_being_decoded():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    ]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
    with pytest.raises(DocumentError, match="60000 x 60000 pixels"):
        decode_picture(bomb)


@pytest.mark.parametrize(
    "data", [b"", b"words", encoded(noise())[:90], encoded(noise((400, 400)), "JPEG")[:900]], ids=range(4)
)
def test_what_is_no_whole_picture_is_refused(data):
    with pytest.raises(DocumentError) as caught:
        decode_picture(data)
    assert caught.value.cure


def test_the_words_in_its_file(tmp_path):
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "A boat  at Sund"
    exif[ExifTags.Base.XPKeywords] = "boat;sea".encode("utf-16-le")
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt>'
        "<rdf:li>By Ada Holm</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    (tmp_path / "boat.jpg").write_bytes(encoded(noise(), "JPEG", exif=exif, xmp=xmp.encode()))
    with Parser() as parser:
        parsed = parser.parse(tmp_path / "boat.jpg")
    [passage] = parsed.passages
    assert passage.text == "A boat at Sund\nboat;sea\nBy Ada Holm"
    assert passage.kind == "image" and passage.place == "picture"
    assert parsed.document.title == f"{tmp_path.name}/boat.jpg"
    assert parsed.document.figures[0].picture.digest == passage.picture


def test_many_files_come_back_in_order(tmp_path):
    files = [tmp_path / f"{n:02}.png" for n in range(40)]
    for n, file in enumerate(files):
        file.write_bytes(encoded(noise((20, 20), n)) if n != 7 else b"\x89PNG broken")
    answers = list(parse_all(files))
    assert [item for item, _ in answers] == files
    assert [isinstance(answer, DocumentError) for _, answer in answers] == [n == 7 for n in range(40)]
