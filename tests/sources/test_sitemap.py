import gzip

import pytest

from quoth.errors import DocumentError
from quoth.sources.sitemap import read_sitemap

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
SPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
URLS = f"""{HEAD}<urlset {SPACE} xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> https://a.example/1 </loc><lastmod>2024-01-01</lastmod>
<image:image><image:loc>https://a.example/1.png</image:loc></image:image></url>
<url><loc>https://a.example/2?x=1&amp;y=2</loc></url><url><loc/></url></urlset>""".encode()
BOMB = (
    HEAD
    + "<!DOCTYPE urlset [<!ENTITY a '"
    + "x" * 1000
    + "'>"
    + "".join(f"<!ENTITY {n} '{f'&{m};' * 10}'>" for m, n in zip("abcdefg", "bcdefgh", strict=True))
    + f"]><urlset {SPACE}><url><loc>https://a.example/&h;</loc></url></urlset>"
).encode()
OUTSIDE = (
    f'{HEAD}<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    f"<urlset {SPACE}><url><loc>https://a.example/&x;</loc></url></urlset>"
).encode()


def test_the_addresses_of_pages_in_order():
    assert read_sitemap(URLS, 10_000).pages == ("https://a.example/1", "https://a.example/2?x=1&y=2")
    assert read_sitemap(gzip.compress(URLS), 10_000) == read_sitemap(URLS, 10_000)


def test_an_index_names_sitemaps():
    index = f"{HEAD}<sitemapindex {SPACE}><sitemap><loc>https://a.example/s.xml.gz</loc></sitemap></sitemapindex>"
    found = read_sitemap(index.encode(), 10_000)
    assert (found.pages, found.maps) == ((), ("https://a.example/s.xml.gz",))


def test_a_list_of_lines():
    assert read_sitemap(b"https://a.example/1\r\nhttps://a.example/2\nrubbish\n", 100).pages == (
        "https://a.example/1",
        "https://a.example/2",
    )


@pytest.mark.parametrize("data", [BOMB, OUTSIDE])
def test_no_entity_is_expanded(data):
    try:
        pages = read_sitemap(data, 10_000).pages
    except DocumentError:
        return
    assert all(len(page) < 100 and "root" not in page for page in pages)


@pytest.mark.parametrize("data", [b"<html/>", b"<urlset", b"<", b"\x1f\x8brubbish", URLS[:100]])
def test_what_is_no_sitemap_is_said(data):
    with pytest.raises(DocumentError) as error:
        read_sitemap(data, 10_000)
    assert error.value.cure


def test_a_bomb_of_gzip_is_left():
    with pytest.raises(DocumentError, match="larger than"):
        read_sitemap(gzip.compress(bytes(20_000_000)), 1_000_000)
