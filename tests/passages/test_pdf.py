import pytest

from quoth.errors import DocumentError

BODY = "The quick brown fox jumps over the lazy dog and runs into the wood"


def test_headings_paragraphs_and_pages(read, pdf):
    first = [
        (24, 700, "A Great"),
        (24, 670, "Report"),
        (10, 620, BODY),
        (10, 608, BODY),
        (10, 596, "which is all."),
        (10, 560, "Bold Part", "bold"),
        (10, 548, BODY),
    ]
    document = read("a.pdf", pdf([first, [(14, 700, "Second Part"), (10, 650, "Words on page two.")]]))
    assert document.title == "A Great Report"
    assert [(h.level, h.text) for h in document.headings] == [
        (1, "A Great Report"),
        (3, "Bold Part"),
        (2, "Second Part"),
    ]
    assert all(document.text[h.start :].startswith(h.text) for h in document.headings)
    assert f"{BODY} {BODY} which is all.\n\nBold Part" in document.text
    assert [document.text[start:].split("\n")[0] for start in document.pages] == [
        "A Great Report",
        "Second Part",
    ]
    assert document.page_at(document.text.index("page two")) == 2


def test_running_heads_and_page_numbers_are_left_out(read, pdf):
    pages = [[(10, 780, "Annual Report"), (10, 500, f"{BODY} {n * 'x'}."), (10, 20, str(n))] for n in range(1, 6)]
    document = read("a.pdf", pdf(pages))
    assert "Annual" not in document.text
    assert document.text.count("fox") == 5
    assert "3" not in document.text
    assert len(document.pages) == 5


def test_a_page_without_text_keeps_the_numbers(read, pdf):
    document = read("a.pdf", pdf([[(10, 700, "One.")], [], [(10, 700, "Three.")]]))
    assert document.page_at(document.text.index("Three")) == 3


def test_rows_of_a_table_stay_lines(read, pdf):
    document = read("a.pdf", pdf([[(10, 700, "Sales 2020 100 200"), (10, 688, "Costs 2021 300 400")]]))
    assert document.text == "Sales 2020 100 200\nCosts 2021 300 400"


def test_empty_pages_say_so(read, pdf):
    with pytest.raises(DocumentError) as caught:
        read("a.pdf", pdf([[], []]))
    assert "2 page(s)" in caught.value.cause
    assert caught.value.cure


def test_a_broken_file_says_so(read):
    with pytest.raises(DocumentError, match="broken"):
        read("a.pdf", b"%PDF-1.4\nrubbish\0")


def test_other_formats_under_the_name_of_a_pdf(read, docx):
    assert read("a.pdf", "Just text.").text == "Just text."
    assert read("b.pdf", docx([("Normal", "Words")])).text == "Words"
