"""Small real files, made here: a PDF, a Word file, an e-book."""

import io
import zipfile

import pytest


def make_pdf(pages):
    """A PDF of pages of lines `(size, y, text)` or `(size, y, text, "bold")`."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    fonts = "<< /F0 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    fonts += " /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >> >>"
    kids = []
    for lines in pages:
        stream = "".join(
            f"BT /F{int(len(line) > 3)} {line[0]} Tf 50 {line[1]} Td ({line[2]}) Tj ET\n" for line in lines
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}endstream")
        kids.append(len(objects) + 1)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {len(objects)} 0 R"
            f" /Resources << /Font {fonts} >> >>"
        )
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(f'{k} 0 R' for k in kids)}] >>"
    body, places = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    body += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
    return (body + f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n0\n%%EOF").encode("latin-1")


def make_zip(members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def make_docx(paragraphs):
    """A Word file of paragraphs `(style, text)`."""
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    kinds = "http://schemas.openxmlformats.org/package/2006"
    return make_zip(
        {
            "[Content_Types].xml": f'<Types xmlns="{kinds}/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{kinds}/relationships">'
            '<Relationship Id="r1" Target="word/document.xml" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>',
            "word/document.xml": f"<w:document {space}><w:body>{body}</w:body></w:document>",
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
