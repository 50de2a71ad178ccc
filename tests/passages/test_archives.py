import pytest

from quoth.errors import DocumentError

MAIL = """Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
From: A <a@example.org>
To: b@example.org
Message-ID: <1@x>
Content-Type: multipart/mixed; boundary=X

--X
Content-Type: text/html; charset=utf-8

<style>p {}</style><p>Hello <b>you</b>.</p>
--X
Content-Type: text/plain
Content-Disposition: attachment; filename="n.txt"

secret
--X--
"""


def test_word(read, docx):
    document = read("a.docx", docx([("Heading1", "Part"), ("Normal", "Words.")]))
    assert document.text == "Part\n\nWords."
    assert [(h.level, h.text, h.start) for h in document.headings] == [(1, "Part", 0)]


def test_a_word_file_under_other_names(read, docx):
    data = docx([("Normal", "Words.")])
    assert {read(name, data).text for name in ("a.txt", "a.pdf", "a.doc", "a.xlsx")} == {"Words."}


def test_a_broken_word_file(read):
    with pytest.raises(DocumentError) as caught:
        read("a.docx", b"PK\x03\x04word/" + b"\0" * 100)
    assert "broken" in caught.value.cause
    assert caught.value.cure


def test_an_encrypted_office_file(read):
    with pytest.raises(DocumentError, match="encrypted"):
        read("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1000)


def test_rich_text(read):
    assert read("a.rtf", r"{\rtf1\ansi Hello {\b bold} words.\par Next.}").text == "Hello bold words.\n\nNext."


def test_an_archive(read, docx):
    with pytest.raises(DocumentError, match="ZIP archive"):
        read("a.docx", b"PK\x03\x04" + b"\0" * 100)


def test_mail(read):
    document = read("a.eml", MAIL)
    assert document.title == "Grüße"
    assert document.text == (
        "Subject: Grüße\nFrom: A <a@example.org>\nTo: b@example.org\n\nHello you.\n\nAttachments: n.txt"
    )


def test_a_book_in_the_order_of_its_spine(read, epub):
    document = read("a.epub", epub())
    assert document.title == "The Book"
    assert document.text == "First\n\nIt begins.\n\nSecond\n\nIt ends."
    assert [h.text for h in document.headings] == ["First", "Second"]
