"""Small real files, made here: a PDF, a Word file, slides, an e-book; with pictures in them."""

import io
import zipfile
import zlib

import pytest


def make_pdf(pages, pictures=None, rotate=0):
    """A PDF of pages of lines `(size, y, text)` or `(size, y, text, "bold")`.

    `pictures`: page index -> pictures `(image, (left, bottom, right, top))`; for a broken one, in place of the image,
    `(bytes, (width, height))`: Flate data and the size that it claims.
    """
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    fonts = "<< /F0 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    fonts += " /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >> >>"
    kids = []
    for number, lines in enumerate(pages):
        stream = "".join(
            f"BT /F{int(len(line) > 3)} {line[0]} Tf 50 {line[1]} Td ({line[2]}) Tj ET\n" for line in lines
        )
        names = ""
        for image, (left, bottom, right, top) in (pictures or {}).get(number, ()):
            objects.append(pdf_picture(image))
            name = f"/I{len(objects)}"
            names += f"{name} {len(objects)} 0 R "
            stream += f"q {right - left} 0 0 {top - bottom} {left} {bottom} cm {name} Do Q\n"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}endstream".encode("latin-1"))
        kids.append(len(objects) + 1)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Rotate {rotate} /Contents {len(objects)} 0 R"
            f" /Resources << /Font {fonts} /XObject << {names}>> >> >>".encode()
        )
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{k} 0 R' for k in kids)}] >>".encode()
    return pdf_file(objects)


def pdf_picture(image):
    """A picture as an object of a PDF."""
    is_image = not isinstance(image, tuple)
    data, (width, height) = (zlib.compress(image.tobytes()), image.size) if is_image else image
    kind = f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB"
    head = f"<< {kind} /BitsPerComponent 8 /Filter /FlateDecode /Length {len(data)} >>\nstream\n"
    return head.encode() + data + b"\nendstream"


def pdf_file(objects):
    body, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    tail = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer << /Size {len(objects) + 1} /Root 1 0 R >>"
    return body + f"{tail}\nstartxref\n{len(body)}\n%%EOF".encode()


def make_zip(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


KINDS = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
BLIP = f'<a:blip xmlns:a="{DRAWING}/main" xmlns:r="{OFFICE}" r:embed="p1"/>'
EXTENT = "1000000"


def content_types(**parts):
    """`[Content_Types].xml` with these parts: path with `__` for `/` and no extension -> kind."""
    overrides = "".join(
        f'<Override PartName="/{name.replace("__", "/")}.xml" '
        f'ContentType="application/vnd.openxmlformats-officedocument.{kind}+xml"/>'
        for name, kind in parts.items()
    )
    return (
        f'<Types xmlns="{KINDS}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="png" ContentType="image/png"/>'
        f"{overrides}</Types>"
    )


def relations(**targets):
    """A file of relations: id -> (kind, target)."""
    inner = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return f'<Relationships xmlns="{KINDS}/relationships">{inner}</Relationships>'


def make_docx(paragraphs, picture=None):
    """A Word file of paragraphs `(style, text)`; of style "picture" it is the picture, with that alternative text."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = "".join(
        f"<w:p><w:r>{docx_picture(text)}</w:r></w:p>"
        if style == "picture"
        else f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    return make_zip(
        {
            "[Content_Types].xml": content_types(word__document="wordprocessingml.document.main"),
            "_rels/.rels": relations(r1=("officeDocument", "word/document.xml")),
            "word/document.xml": f"<w:document {space}><w:body>{body}</w:body></w:document>",
            "word/_rels/document.xml.rels": relations(p1=("image", "media/p.png")),
            "word/media/p.png": picture or b"",
        }
    )


def docx_picture(text):
    return (
        f'<w:drawing><wp:inline xmlns:wp="{DRAWING}/wordprocessingDrawing"><wp:extent cx="{EXTENT}" cy="{EXTENT}"/>'
        f'<wp:docPr id="1" name="Picture 1" descr="{text}"/><a:graphic xmlns:a="{DRAWING}/main">'
        f'<a:graphicData uri="{DRAWING}/picture"><pic:pic xmlns:pic="{DRAWING}/picture"><pic:nvPicPr>'
        f'<pic:cNvPr id="1" name="p.png"/></pic:nvPicPr><pic:blipFill>{BLIP}</pic:blipFill><pic:spPr/></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing>"
    )


def make_pptx(slides, words):
    """Slides `(text, picture or None)`; `words` are the pictures' alternative text."""
    main = "http://schemas.openxmlformats.org/presentationml/2006/main"
    space = f'xmlns:p="{main}" xmlns:a="{DRAWING}/main" xmlns:r="{OFFICE}"'
    numbers = range(1, len(slides) + 1)
    ids = "".join(f'<p:sldId id="{255 + n}" r:id="s{n}"/>' for n in numbers)
    members = {
        "[Content_Types].xml": content_types(
            ppt__presentation="presentationml.presentation.main",
            **{f"ppt__slides__slide{n}": "presentationml.slide" for n in numbers},
        ),
        "_rels/.rels": relations(r1=("officeDocument", "ppt/presentation.xml")),
        "ppt/presentation.xml": f"<p:presentation {space}><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(**{f"s{n}": ("slide", f"slides/slide{n}.xml") for n in numbers}),
    }
    for number, (text, picture) in enumerate(slides, 1):
        shape = (
            f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="Text"/></p:nvSpPr><p:spPr/><p:txBody><a:p><a:r><a:t>{text}</a:t>'
            "</a:r></a:p></p:txBody></p:sp>"
        )
        shape += pptx_picture(words) if picture else ""
        tree = f"<p:cSld><p:spTree>{shape}</p:spTree></p:cSld>"
        members[f"ppt/slides/slide{number}.xml"] = f"<p:sld {space}>{tree}</p:sld>"
        members[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(p1=("image", f"../media/p{number}.png"))
        members[f"ppt/media/p{number}.png"] = picture or b""
    return make_zip(members)


def pptx_picture(words):
    return (
        f'<p:pic><p:nvPicPr><p:cNvPr id="3" name="Picture 1" descr="{words}"/></p:nvPicPr>'
        f"<p:blipFill>{BLIP}</p:blipFill>"
        f'<p:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{EXTENT}" cy="{EXTENT}"/></a:xfrm></p:spPr></p:pic>'
    )


def make_book(body, picture):
    """A book of one chapter, `o/t/c.xhtml`, with the picture `o/i/p 1.png`."""
    return make_zip(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<container><rootfiles><rootfile full-path='o/p.opf'/></rootfiles></container>",
            "o/p.opf": "<package><manifest><item id='a' href='t/c.xhtml' media-type='application/xhtml+xml'/>"
            "</manifest><spine><itemref idref='a'/></spine></package>",
            "o/t/c.xhtml": f"<html xmlns='http://www.w3.org/1999/xhtml'><body>{body}</body></html>",
            "o/i/p 1.png": picture,
        }
    )


def make_epub():
    chapter = "<html xmlns='http://www.w3.org/1999/xhtml'><body><h1>{}</h1><p>{}</p></body></html>"
    return make_zip(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<container><rootfiles><rootfile full-path='o/p.opf'/></rootfiles></container>",
            "o/p.opf": "<package><metadata><title>The Book</title></metadata><manifest>"
            "<item id='a' href='a%20b.xhtml' media-type='application/xhtml+xml'/>"
            "<item id='b' href='c.xhtml' media-type='application/xhtml+xml'/>"
            "</manifest><spine><itemref idref='b'/><itemref idref='a'/></spine></package>",
            "o/a b.xhtml": chapter.format("Second", "It ends."),
            "o/c.xhtml": chapter.format("First", "It begins."),
        }
    )


@pytest.fixture
def pdf():
    return make_pdf


@pytest.fixture
def docx():
    return make_docx


@pytest.fixture
def pptx():
    return make_pptx


@pytest.fixture
def book():
    return make_book


@pytest.fixture
def epub():
    return make_epub


@pytest.fixture
def read(tmp_path):
    """Parse bytes under a file name."""
    from quoth.passages.parse import parse

    def read_bytes(name, data):
        path = tmp_path / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return parse(path)

    return read_bytes
