import pytest

from quoth.errors import DocumentError


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Grüße\r\n".encode(), "Grüße\r\n"),
        ("Grüße".encode("utf-8-sig"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("Greetings to all".encode("utf-16-le"), "Greetings to all"),
        ("Greetings to all".encode("utf-16-be"), "Greetings to all"),
        (("Die Grüße an die Mädchen kamen spät, sagte er höflich. " * 5).encode("cp1252"), None),
    ],
)
def test_encodings(read, data, text):
    document = read("a.txt", data)
    assert document.text == (text or "Die Grüße an die Mädchen kamen spät, sagte er höflich. " * 5)
    assert document.title == "a.txt"


@pytest.mark.parametrize("data", [b"\x00\x01\x02binary\x00" * 50, bytes(range(1, 32)) * 20])
def test_binary_data_under_a_name_of_text(read, data):
    with pytest.raises(DocumentError) as caught:
        read("a.txt", data)
    assert "binary" in caught.value.cause
    assert "extension" in caught.value.cure


@pytest.mark.parametrize("data", [b"", b" \n\t\n"])
def test_nothing_in_it(read, data):
    with pytest.raises(DocumentError, match="no text in it"):
        read("a.txt", data)


@pytest.mark.parametrize("name", ["a.html", "a.md", "a.docx", "a.pdf", "a.txt"])
def test_a_picture_under_another_name_is_read_as_what_it_is(read, name):
    with pytest.raises(DocumentError, match="broken|no picture"):
        read(name, b"\x89PNG\r\n\x1a\n" + b"\0" * 100)


def test_markdown_headings_and_title(read):
    text = "Intro\n\n# The *Guide* to `x`\n\n```\n# no heading\n```\n\n"
    text += "Setext\n------\nText\r\n\r\n### Deep ###\r\nEnd"
    document = read("a.md", text)
    assert document.text == text
    assert document.title == "The Guide to x"
    assert [(h.level, h.text) for h in document.headings] == [
        (1, "The Guide to x"),
        (2, "Setext"),
        (3, "Deep"),
    ]
    assert [text[h.start :].split("\n", maxsplit=1)[0].strip() for h in document.headings] == [
        "# The *Guide* to `x`",
        "Setext",
        "### Deep ###",
    ]


def test_markdown_front_matter_is_no_heading(read):
    document = read("a.md", "---\ntitle: 'From above'\ntags: x\n---\n\n## Part\n\nText")
    assert document.title == "From above"
    assert [(h.text, document.text[h.start]) for h in document.headings] == [("Part", "#")]


def test_xml_gives_a_line_for_every_element_with_text(read):
    document = read(
        "a.xml",
        "<book><!-- no --><title>T &amp; U</title><page><name>N</name><b>x <i>y</i> z</b></page></book>",
    )
    assert document.text == "title: T & U\n\nname: N\nb: x y z"
    assert document.title == "T & U"


def test_xml_entities_are_not_expanded(read, tmp_path):
    (tmp_path / "secret").write_text("hidden")
    entity = f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'
    document = read("a.xml", entity + "<a><b>open</b><c>&e;</c></a>")
    assert "hidden" not in document.text
