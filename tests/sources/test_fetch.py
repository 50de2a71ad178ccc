"""The fetcher against a real server on this machine; where it is told to allow that."""

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import web_server
from quoth.errors import DocumentError
from quoth.sources.fetch import Fetcher, Limits, retry_after, tidy
from web_server import PAGE, serving

QUICK = Limits(size=200_000, seconds=1.0, silence=0.4, redirects=3, wait=1.0)


@pytest.fixture
def site():
    with serving() as one:
        yield one


@pytest.fixture
def fetcher():
    with Fetcher(allow_private=True, limits=QUICK) as one:
        yield one


def refused(fetcher, url):
    with pytest.raises(DocumentError) as error:
        fetcher.get(url)
    assert error.value.cure
    return error.value.cause


def test_a_page(site, fetcher):
    reply = fetcher.get(site.put("/a"))
    assert (reply.status, reply.body, reply.url) == (200, PAGE, site.url + "/a")
    [(_, robots), (_, fields)] = site.asked
    assert fields["User-Agent"].startswith("quoth/")
    assert robots["User-Agent"] == fields["User-Agent"]


def test_this_machine_is_refused_unless_it_is_allowed(site):
    with Fetcher(limits=QUICK) as fetcher:
        assert "no public address" in refused(fetcher, site.put("/a"))
        assert "no public address" in refused(fetcher, site.url.replace("127.0.0.1", "2130706433"))
    assert site.asked == []


def test_a_name_server_that_changes_its_mind_changes_nothing(site, monkeypatch):
    """DNS rebinding: public when it is checked, private when it is looked up again. It is looked up once."""
    port = int(site.url.rpartition(":")[2])
    answers = iter(["93.184.215.14", "127.0.0.1", "127.0.0.1"])
    real, reached = socket.getaddrinfo, []

    def lookup(host, *rest, **options):
        return real(next(answers) if host == "evil.example" else host, *rest, **options)

    def connect(address, *_rest, **_options):
        reached.append(address[0])
        raise ConnectionRefusedError("the test lets nothing out")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket, "create_connection", connect)
    with Fetcher(limits=QUICK) as fetcher:
        refused(fetcher, f"http://evil.example:{port}/a")
    assert reached == ["93.184.215.14"]
    assert site.asked == []


def test_a_redirect_to_a_private_address_is_refused(site, monkeypatch):
    """The first host is taken for a public one here: what counts is the second."""
    import quoth.sources.address as address

    site.put("/a", status=302, location=f"http://localhost:{site.url.rpartition(':')[2]}/secret")
    public = address.is_public
    monkeypatch.setattr(address, "is_public", lambda one: str(one) == "127.0.0.1" or public(one))
    real = socket.getaddrinfo
    elsewhere = {"localhost": "127.0.0.2"}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *r, **o: real(elsewhere.get(host, host), *r, **o))
    with Fetcher(limits=QUICK) as fetcher:
        assert "127.0.0.2" in refused(fetcher, site.url + "/a")
    assert site.paths() == ["/a"]


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1:25/x", "javascript:alert(1)"]
)
def test_redirects_to_other_schemes_are_refused(site, fetcher, target):
    assert "address" in refused(fetcher, site.put("/a", status=302, location=target))


def test_redirects_are_followed_and_only_permanent_ones_rename(site, fetcher):
    site.put("/old", status=301, location="/moved?x=1#part")
    site.put("/moved?x=1", status=302, location="SITE/now")
    site.put("/now")
    reply = fetcher.get(site.url + "/old")
    assert reply.name == site.url + "/moved?x=1"
    assert reply.url == site.url + "/now"


def test_loops_of_redirects_end(site, fetcher):
    site.put("/b", status=302, location="/a")
    assert "more than 3 times" in refused(fetcher, site.put("/a", status=302, location="/b"))
    assert len(site.paths()) == 4


@pytest.mark.parametrize("manner", [web_server.dripping, web_server.dripping_fields, web_server.silent])
def test_slow_servers_are_left(site, fetcher, manner):
    site.pages["/a"] = manner
    assert "in time" in refused(fetcher, site.url + "/a")


@pytest.mark.parametrize("manner", [web_server.endless, web_server.bomb])
def test_large_pages_are_left(site, fetcher, manner):
    site.pages["/a"] = manner
    assert "larger than" in refused(fetcher, site.url + "/a")


def test_what_cannot_be_unpacked_or_breaks_off(site, fetcher):
    assert "unpacked" in refused(fetcher, site.put("/a", b"no gzip", content_encoding="gzip"))

    def breaks(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")

    site.pages["/b"] = breaks
    assert "connection failed" in refused(fetcher, site.url + "/b")
    site.pages["/c"] = lambda handler: handler.wfile.write(b"\0\0\0rubbish\r\n\r\n")
    assert "connection failed" in refused(fetcher, site.url + "/c")


def test_a_server_that_is_away(fetcher):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert "connection failed" in refused(fetcher, f"http://127.0.0.1:{port}/")


def test_robots_txt_is_heard_and_fetched_once(site, fetcher):
    site.put("/robots.txt", "User-agent: *\nDisallow: /private\nAllow: /private/but\nCrawl-delay: 0.01\n")
    assert "robots.txt" in refused(fetcher, site.put("/private/a"))
    assert fetcher.get(site.put("/private/but")).status == 200
    assert fetcher.get(site.put("/b")).status == 200
    assert [path for path, _ in site.asked] == ["/robots.txt", "/private/but", "/b"]


def test_robots_txt_is_heard_behind_a_redirect(site, fetcher):
    site.put("/robots.txt", "User-agent: quoth\nDisallow: /private\n")
    site.put("/private")
    assert "robots.txt" in refused(fetcher, site.put("/a", status=302, location="/private"))


def test_while_robots_txt_fails_nothing_is_fetched(site, fetcher):
    site.put("/robots.txt", "", status=500)
    assert "robots.txt cannot be read" in refused(fetcher, site.put("/a"))
    assert "robots.txt cannot be read" in refused(fetcher, site.put("/b"))
    assert [path for path, _ in site.asked] == ["/robots.txt"]


def test_a_huge_robots_txt_counts_by_its_beginning(site):
    site.put("/robots.txt", "User-agent: *\nDisallow: /no\n" + "#" * 2_000_000)
    with Fetcher(allow_private=True) as fetcher:
        assert "robots.txt" in refused(fetcher, site.put("/no"))


def test_a_busy_server_is_asked_again(site, fetcher):
    said = iter([(503, {"retry-after": "0"}, b""), (429, {"retry-after": "0"}, b""), (200, {}, b"now")])
    site.pages["/a"] = lambda handler: handler.say(*next(said))
    assert fetcher.get(site.url + "/a").body == b"now"
    assert "wait 3600 s" in refused(fetcher, site.put("/b", status=429, retry_after="3600"))
    assert fetcher.get(site.put("/c", status=503, retry_after="0")).status == 503
    assert site.paths().count("/c") == QUICK.tries


def test_retry_after():
    assert retry_after("7") == 7
    assert retry_after("") is None
    assert retry_after("soon") is None
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 90 < retry_after(later) <= 100


@pytest.mark.parametrize("target", ["http://[x", "//[::1", "http://\u2100.example/", "http://a b/"])
def test_redirects_to_what_is_no_address(site, fetcher, target):
    def odd(handler):
        handler.wfile.write(f"HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n".encode())

    site.pages["/a"] = odd
    refused(fetcher, site.url + "/a")


def test_addresses_are_kept_tidy():
    assert tidy(" HTTP://Example.ORG#top ") == "http://example.org/"
    assert tidy("https://example.org:443/a%20b?c=d#e") == "https://example.org/a%20b?c=d"
    for wrong in ("ftp://example.org/", "example.org", "http://", "mailto:a@b.c", "http://[::1"):
        with pytest.raises(DocumentError):
            tidy(wrong)


def test_a_password_in_an_address_is_refused_and_not_shown():
    with pytest.raises(DocumentError) as error:
        tidy("https://ada:secret@example.org/")
    assert "secret" not in str(error.value)
