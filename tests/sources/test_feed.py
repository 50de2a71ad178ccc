import pytest

from quoth.errors import DocumentError
from quoth.sources.feed import read_feed

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><rights>CC BY 4.0</rights>
<entry><title>Whole &amp; good</title><link href="/1"/><id>1</id>
<content type="html">&lt;p&gt;The tapir weighs 300 kilograms.&lt;/p&gt;
&lt;script&gt;alert(1)&lt;/script&gt;</content></entry>
<entry><title>Short</title><link href="/2"/><id>2</id>
<summary>Only a summary</summary><rights>All mine</rights></entry>
<entry><title>Cut</title><link href="/3"/><id>3</id>
<content type="html">&lt;p&gt;It begins …&lt;/p&gt;</content></entry>
<entry><title>Plain &lt;b&gt;</title><link href="/4"/><id>4</id><content type="text">a &lt; b
and b &lt; c</content></entry>
<entry><title>Nowhere</title><id>tag:a.example,5</id><content type="text">no link</content></entry>
</feed>""".encode()
RSS = """<?xml version="1.0" encoding="ISO-8859-1"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>News</title><copyright>2024 Zo\xeb</copyright><item><title>Caf\xe9</title><link>https://a.example/1</link>
<description>Short</description><content:encoded><![CDATA[<p>All of the caf\xe9.</p>]]></content:encoded></item>
<item><title>Two</title><link>https://a.example/2</link><description>Only this</description></item></channel></rss>
""".encode("latin-1")
BOMB = b"""<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
<rss version="2.0"><channel><title>x</title><item><title>&d;&f;</title><link>https://a.example/1</link>
<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">&d;&f;</content:encoded></item></channel></rss>"""


def test_entries_of_atom():
    whole, short, cut, plain = read_feed(ATOM, "https://a.example/feed", "application/atom+xml")
    assert [e.url for e in (whole, short, cut, plain)] == [f"https://a.example/{n}" for n in (1, 2, 3, 4)]
    assert "<h1>Whole &amp; good</h1><p>The tapir weighs 300 kilograms.</p>" in whole.page
    assert "script" not in whole.page
    assert short.page == cut.page == ""
    assert "<title>Plain &lt;b&gt;</title>" in plain.page
    assert "a &lt; b<br>and b &lt; c" in plain.page
    assert [e.rights for e in (whole, short)] == ["CC BY 4.0", "All mine"]


def test_entries_of_rss():
    one, two = read_feed(RSS, "https://a.example/feed", "application/rss+xml")
    assert "All of the café." in one.page
    assert (two.page, two.rights) == ("", "2024 Zoë")


def test_entities_do_not_grow_and_read_no_file():
    for entry in read_feed(BOMB, "https://a.example/feed", ""):
        assert len(entry.page) < 500
        assert "root:" not in entry.page


@pytest.mark.parametrize("data", [b"<html><body>no feed</body></html>", b"", b"/etc/passwd", b"\0\1\2"])
def test_what_is_no_feed_is_said(data):
    with pytest.raises(DocumentError, match="no feed"):
        read_feed(data, "https://a.example/feed", "")


def test_a_feed_that_takes_for_ever_is_left(monkeypatch):
    from quoth.sources import feed

    monkeypatch.setattr(feed, "SECONDS", 1.0)
    slow = b"<?xml version='1.0'?><rss version='2.0'><channel><item><description>" + b"<b>" * 300_000
    with pytest.raises(DocumentError, match="took longer than"):
        read_feed(slow, "https://a.example/feed", "")
