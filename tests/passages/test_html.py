import pytest

from quoth.errors import DocumentError

PAGE = """<!DOCTYPE html><html><head><title>Words — Site 1.0</title><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav><div role="main">
<h1>Words<a class="headerlink" href="#w">¶</a></h1>
<p>Some <b>bold</b> and <code>code</code>,
wrapped.</p><script>alert(1)</script>
<dl><dt>decorator</dt><dd><p>A function returning
another function.</p><p>More.</p></dd><dt>dict</dt><dd>A mapping.</dd></dl>
<ul><li>one<ul><li>inner</li></ul></li><li>two</li></ul>
<ol><li>first</li><li>second</li></ol>
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><p>2</p></td></tr></table>
<pre>def f():
    return 1
</pre><h2>Next</h2><p>End.</p></div><footer>Copyright</footer></body></html>"""


def test_a_page_reads_well(read):
    document = read("a.html", PAGE)
    assert document.text == (
        "Words\n\nSome bold and code, wrapped.\n\n"
        "decorator\nA function returning another function.\nMore.\n\ndict\nA mapping.\n\n"
        "- one\n  - inner\n- two\n\n1. first\n2. second\n\na | b\n1 | 2\n\n"
        "def f():\n    return 1\n\nNext\n\nEnd."
    )
    assert document.title == "Words"
    assert [(h.level, h.text, document.text[h.start :][:4]) for h in document.headings] == [
        (1, "Words", "Word"),
        (2, "Next", "Next"),
    ]


def test_a_title_that_is_not_the_heading_stays_whole(read):
    assert read("a.html", "<title>A - B</title><h1>C</h1><p>x").title == "A - B"


def test_a_layout_table_is_read_as_blocks(read):
    document = read("a.html", "<table><tr><td><table><tr><td>x<td>y</table><td><h2>H</h2><p>z</table>")
    assert "x | y" in document.text
    assert "\nz" in document.text


@pytest.mark.parametrize(
    "page", ["<html><body></body></html>", "<html><head><title>x</title></head></html>", "<!-- -->"]
)
def test_a_page_without_text(read, page):
    with pytest.raises(DocumentError, match="no text"):
        read("a.html", page)


def test_the_declared_character_set_counts(read):
    page = '<html><head><meta charset="iso-8859-7"></head><body>Καλημέρα</body></html>'
    assert read("a.html", page.encode("iso-8859-7")).text == "Καλημέρα"


def test_deep_nesting_is_no_crash(read):
    try:
        assert "x" in read("a.html", "<div>" * 5000 + "x").text
    except DocumentError as error:
        assert error.cure
