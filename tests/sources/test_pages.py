import gzip
from dataclasses import dataclass
from datetime import datetime

import pytest

from quoth.origin import Origin
from quoth.passages.parse import parse_fetched
from quoth.sources.fetch import Fetcher, Limits
from quoth.sources.items import Fetched, Gone, Kept
from quoth.sources.pages import Pages, in_utf8
from quoth.types import Failure
from web_server import PAGE, serving


@dataclass
class Had:
    digest: str
    origin: Origin


@pytest.fixture
def site():
    with serving() as one:
        yield one


@pytest.fixture
def pages():
    with Fetcher(allow_private=True, limits=Limits(size=200_000, seconds=2.0, silence=1.0)) as fetcher:
        yield lambda known=(): Pages(fetcher, dict(known))


def had(item):
    """What the store would have of it."""
    return {item.id: Had(parse_fetched(item).digest, item.origin)}


def test_a_page_and_where_and_when_it_came(site, pages):
    url = site.put("/a#part", etag='"1"', last_modified="Wed, 21 Oct 2015 07:28:00 GMT")
    site.put("/a", etag='"1"', last_modified="Wed, 21 Oct 2015 07:28:00 GMT")
    [item] = pages().each([url])
    assert (item.id, item.data, item.media_type) == (site.url + "/a", PAGE, "text/html")
    assert item.origin.where == site.url + "/a"
    assert datetime.fromisoformat(item.origin.fetched).utcoffset().total_seconds() == 0
    assert (item.origin.etag, item.origin.last_modified) == ('"1"', "Wed, 21 Oct 2015 07:28:00 GMT")
    document = parse_fetched(item)
    assert (document.id, document.title) == (site.url + "/a", "Tapirs")
    assert "300 kilograms" in document.text


def test_an_unchanged_page_is_not_sent_again(site, pages):
    url = site.put("/a", etag='"1"')
    [item] = pages().each([url])
    assert list(pages(had(item)).each([url])) == [Kept(url)]
    assert site.asked[-1][1]["if-none-match"] == '"1"'
    site.put("/a", b"<p>new</p>", etag='"2"')
    [changed] = pages(had(item)).each([url])
    assert (changed.data, changed.origin.etag) == (b"<p>new</p>", '"2"')


def test_an_unchanged_page_of_a_server_without_versions_is_known_by_its_bytes(site, pages):
    url = site.put("/a", "<p>Zoë</p>", content_type="text/html; charset=utf-8")
    [item] = pages().each([url])
    [kept] = pages(had(item)).each([url])
    assert (kept.id, kept.origin) == (url, item.origin)
    site.put("/a", "<p>Zoë</p>", content_type="text/html; charset=utf-8", etag='"new"')
    [kept] = pages(had(item)).each([url])
    assert (kept.origin.etag, kept.origin.fetched) == ('"new"', item.origin.fetched)


def test_a_server_that_says_unchanged_of_what_nobody_has(site, pages):
    [failure] = pages().each([site.put("/a", b"", status=304)])
    assert "304" in failure.cause


def test_a_page_that_is_gone_or_has_moved(site, pages):
    url = site.put("/a")
    [item] = pages().each([url])
    site.put("/a", b"gone", status=410)
    [gone] = pages(had(item)).each([url])
    assert (gone.id, gone.to) == (url, "")
    assert "410" in gone.cause
    [never] = pages().each([url])
    assert "410" in never.cause and never.cure
    site.put("/b")
    site.put("/a", status=301, location="/b")
    moved, there = pages(had(item)).each([url])
    assert (there.id, moved) == (site.url + "/b", Gone(url, f"it moved to {site.url}/b", to=site.url + "/b"))


def test_what_the_server_calls_it_and_what_it_is(site, pages):
    site.put("/paper", b"%PDF-1.4 rubbish", content_type="application/octet-stream")
    site.put("/notes.md", "# Notes", content_type="text/plain")
    site.put("/data", '{"a": 1}', content_type="application/json")
    site.put("/feed", "<rss/>", content_type="application/rss+xml")
    site.put("/song", b"ID3", content_type="audio/mpeg")
    site.put("/app", b"\x7fELF\0\0", content_type="text/html")
    names = ("/paper", "/notes.md", "/data", "/feed", "/song", "/app")
    *good, song, app = pages().each([site.url + name for name in names])
    assert [item.media_type for item in good] == [
        "text/plain",
        "text/markdown",
        "text/plain",
        "application/xml",
    ]
    assert "audio/mpeg" in song.cause
    with pytest.raises(Exception, match="program"):
        parse_fetched(app)


def test_the_servers_word_on_the_characters_goes_before_the_pages(site, pages):
    body = '<meta charset="utf-8"><p>café</p>'.encode("latin-1")
    [item] = pages().each([site.put("/a", body, content_type="text/html; charset=ISO-8859-1")])
    assert "café" in parse_fetched(item).text
    assert in_utf8("ü".encode(), "nonsense") == "ü".encode()
    assert in_utf8(b"\xff", "utf-8") == b"\xff"


@pytest.mark.parametrize(
    ("head", "fields", "expected"),
    [
        ('<link rel="license" href="https://l.example/by">', {}, "https://l.example/by"),
        ('<meta name="DCTERMS.rights" content=" All  mine ">', {}, "All mine"),
        ('<meta name="rights" content="X"><a rel="nofollow license" href="/l">l</a>', {}, "X /l"),
        ("", {"link": '<https://l.example/cc0>; rel="license"'}, "https://l.example/cc0"),
        ("", {}, ""),
    ],
)
def test_by_what_right(site, pages, head, fields, expected):
    url = site.put("/a", f"<html><head>{head}</head><body><p>words</p></body></html>", **fields)
    [item] = pages().each([url])
    assert parse_fetched(item).origin.rights == expected


def test_pictures_that_a_page_names_are_not_read_from_this_machine(site, pages, tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    url = site.put("/a", f'<p>words</p><img src="{tmp_path / "a.png"}"><img src="a.png">')
    [item] = pages().each([url])
    assert parse_fetched(item).figures == ()


def test_one_bad_address_stops_nothing(site, pages):
    found = list(pages().each(["http://nowhere.invalid/", site.put("/a"), "ftp://x/", site.url + "/b"]))
    assert [type(item) for item in found] == [Failure, Fetched, Failure, Failure]
    assert all(item.cause and item.cure for item in found if isinstance(item, Failure))


def test_odd_fields_of_one_page_stop_nothing(site, pages):
    site.put("/moved", status=302, location="http://[x")
    site.put("/link", link='<https://l.example/by>; rel="license"; title="cafÃ©"')
    site.put("/tag", etag='"\xfcber"')
    site.put("/zero", content_type="text/html; charset*=utf-8''%00")
    site.put("/idna", b"..", content_type="text/html; charset=idna")
    site.put("/digits", content_type=f"text/html; charset*{'9' * 5000}=1")  # email.message makes it a number
    site.put("/last")
    urls = [site.url + name for name in ["/moved", "/digits", "/link", "/tag", "/zero", "/idna", "/last"]]
    moved, digits, *found = pages().each(urls)
    assert "no address" in moved.cause and moved.path == urls[0]
    assert "cannot be read" in digits.cause and digits.path == urls[1]
    assert [item.id for item in found] == urls[2:]
    assert found[0].origin.rights == "https://l.example/by"
    known = {item.id: Had(parse_fetched(item).digest, item.origin) for item in found}
    assert [type(item) for item in pages(known).each(urls)] == [Failure, Failure, *[Kept] * 5]


def sitemap(*urls, kind="urlset", entry="url"):
    return f"<{kind}>{''.join(f'<{entry}><loc>SITE{url}</loc></{entry}>' for url in urls)}</{kind}>"


def test_a_sitemap_that_leads_to_others(site, pages):
    index = site.put("/s.xml", sitemap("/1.xml.gz", "/2.xml", "/s.xml", "/no", kind="sitemapindex", entry="sitemap"))
    site.put("/1.xml.gz", gzip.compress(sitemap("/a", "/b").replace("SITE", site.url).encode()))
    site.put("/2.xml", sitemap("/b", "/c", "/missing"))
    for name in "abc":
        site.put(f"/{name}")
    found = list(pages().of_sitemap(index, 100))
    assert [item.id[-2:] for item in found if isinstance(item, Fetched)] == ["/a", "/b", "/c"]
    assert [item.path for item in found if isinstance(item, Failure)] == [site.url + "/missing", site.url + "/no"]
    assert len(site.paths()) == len(set(site.paths()))


def test_a_sitemap_is_read_up_to_the_limit_and_says_so(site, pages):
    url = site.put("/s.xml", sitemap("/a", "/b", "/c"))
    site.put("/a")
    site.put("/b")
    *found, told = pages().of_sitemap(url, 2)
    assert [item.id for item in found] == [site.url + "/a", site.url + "/b"]
    assert "more than 2 pages" in told.cause


def test_a_feed(site, pages):
    feed = """<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title><rights>CC0</rights>
    <entry><title>Whole</title><link href="/1"/><id>x:1</id><content>The whole entry.</content></entry>
    <entry><title>Short</title><link href="/2"/><id>x:2</id><summary>...</summary></entry>
    <entry><title>Third</title><link href="/3"/><id>x:3</id></entry></feed>"""
    url = site.put("/feed", feed, content_type="application/atom+xml")
    site.put("/2")
    whole, page, told = pages().of_feed(url, 2)
    document = parse_fetched(whole)
    assert (document.id, document.title, document.origin.rights) == (site.url + "/1", "Whole", "CC0")
    assert document.origin.where == url
    assert "The whole entry." in document.text
    assert (page.id, page.data) == (site.url + "/2", PAGE)
    assert "more than 2" in told.cause
    assert next(pages(had(whole)).of_feed(url, 1)) == Kept(site.url + "/1")


def feed_of(link, text):
    entry = f"<entry><title>t</title><link href='{link}'/><id>1</id><content>{text}</content></entry>"
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>{entry}</feed>'


def test_a_feed_speaks_for_its_own_host_alone(site, pages):
    with serving() as other:
        page = other.put("/a")
        feed = site.put("/feed", feed_of(page, "The tapir is a bird."), content_type="application/atom+xml")
        [item] = pages().of_feed(feed, 1)
        assert (item.id, item.data, item.origin.where) == (page, PAGE, page)
        assert list(pages(had(item)).of_feed(feed, 1)) == [Kept(page, item.origin)]
        site.put("/feed", feed_of("https://ada:s3cret@a.example/", "words"), content_type="application/atom+xml")
        [failure] = pages().of_feed(feed, 1)
        assert "password" in failure.cause


def test_a_page_that_is_here_from_its_own_address_is_not_replaced_by_a_feeds_words(site, pages):
    page = site.put("/a")
    feed = site.put("/feed", feed_of("/a", "The tapir is a bird."), content_type="application/atom+xml")
    [item] = pages().each([page])
    assert list(pages(had(item)).of_feed(feed, 1)) == [Kept(page, item.origin)]
