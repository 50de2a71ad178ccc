"""What a hostile client sends: refused with 4xx, and nothing of it is left on the disk."""

import socket
import struct
import tracemalloc
import zipfile
from functools import cache

import pytest

from quoth.interfaces.http.inspecting import inspect
from quoth.interfaces.http.refusals import RefusedError
from serving import docx_bomb

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


def archive(first=b""):
    import io

    made = io.BytesIO(first)
    made.seek(0, 2)
    with zipfile.ZipFile(made, "a") as packed:
        packed.writestr("word/document.xml", "<w/>")
    return made.getvalue()


@pytest.fixture(autouse=True)
def nothing_is_left(uploads, base):
    before, documents = files_below(uploads), base.documents()
    yield
    assert files_below(uploads) == before
    assert base.documents() == documents


def files_below(folder):
    return sorted(path for path in folder.rglob("*") if path.name not in (".incoming", "lock"))


def send(http, name, data, wait="?wait=true"):
    return http.post(f"/documents{wait}", files={"files": (name, data)})


NAMES = [
    "../../../etc/cron.d/x.txt", "..\\..\\x.txt", "/etc/passwd.txt", "..", ".", ".ssh.txt", " x.txt",
    "a\tb.txt", "x" * 300 + ".txt",
    "é" * 120 + ".txt", "gnp\u202etxt.md", "a*.txt", "~/x.txt/", "a.txt\0.pdf", "x\n.txt",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names(http, name):
    # By hand: clients quote what is not allowed in a header.
    head = f'--X\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
    body = head.encode() + b"words\r\n--X--\r\n"
    sent = http.post("/documents", content=body, headers={"Content-Type": "multipart/form-data; boundary=X"})
    assert sent.status_code == 400


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("a.exe", b"MZ", 415),
        ("a.pdf", b"MZ" + b"\0" * 100, 415),
        ("a.docx", b"GIF89a" + archive()[6:], 415),
        ("a.docx", archive(PDF), 415),
        ("a.pdf", archive(PDF), 415),
        ("a.png", archive(PNG), 415),
        ("a.txt", b"\x7fELF\0\0\0", 415),
        ("a.jpg", b"<script>alert(1)</script>", 415),
        ("a.docx", b"PK\x03\x04" + b"\0" * 100, 422),
        ("a.txt", b"", 422),
        ("a.pdf", PDF[:20], 422),
        ("a.png", PNG, 422),
    ],
)
def test_polyglots_and_broken_files(http, name, data, status):
    assert send(http, name, data).status_code == status


@pytest.mark.parametrize("name", ["a.docx", "a.epub", "a.xlsx", "a.doc"])
def test_zip_bombs(http, name):
    sent = send(http, name, docx_bomb(), "")
    assert sent.status_code == 422
    assert "unpacks" in sent.text


@cache
def crowd(members):
    """An archive of so many empty files, as small as they can be: 47 bytes of directory each."""
    entry = b"PK\x01\x02" + struct.pack("<6H3I5H2I", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = entry * members
    first = b"PK\x03\x04" + struct.pack("<5H3I2H", 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a"
    count = min(members, 0xFFFF)
    end = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, count, count, len(directory), len(first), 0)
    return first + directory + end


@pytest.mark.parametrize(("members", "said"), [(30_000, "30,000 files"), (200_000, "a directory of 9 MB")])
def test_an_archive_of_very_many_files(http, members, said):
    sent = send(http, "a.docx", crowd(members), "")
    assert sent.status_code == 422
    assert said in sent.text


def test_many_files_take_no_memory(tmp_path):
    crowded = PDF + crowd(400_000)
    for name, data in (("a.docx", crowd(400_000)), ("a.pdf", crowded)):
        (tmp_path / name).write_bytes(data)
        tracemalloc.start()
        with pytest.raises(RefusedError):
            inspect(tmp_path / name)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
        tracemalloc.stop()


def test_one_bad_file_refuses_the_upload(http):
    files = [("files", ("good.txt", b"words")), ("files", ("bad.exe", b"MZ"))]
    assert http.post("/documents", files=files).status_code == 415
    files = [("files", ("good.txt", b"words")), ("files", ("good.txt", b"others"))]
    assert http.post("/documents", files=files).status_code == 400
    files = [("files", (f"{i}.txt", b"words")) for i in range(101)]
    assert http.post("/documents", files=files).status_code == 400


def raw(http, head, body=b"", reads=True):
    with socket.create_connection((http.base_url.host, http.base_url.port), 10) as caller:
        caller.sendall(f"POST /documents HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n".encode() + body)
        if not reads:
            return b""
        return caller.recv(65536)


FORM = "Content-Type: multipart/form-data; boundary=X"
PART = b'--X\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nwords'


def test_a_gigabyte_that_is_only_declared(http):
    assert b"413" in raw(http, f"{FORM}\r\nContent-Length: 1000000000", PART).splitlines()[0]


def test_a_gigabyte_in_chunks_of_unknown_number(http):
    with socket.create_connection((http.base_url.host, http.base_url.port), 10) as caller:
        head = "POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        caller.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"100000\r\n" + b"x" * (1 << 20) + b"\r\n"
        try:
            for _ in range(40):
                caller.sendall(piece)
        except OSError:
            pass  # it has hung up
        assert b"413" in caller.recv(65536).splitlines()[0]


FIELD = b'--X\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--X--\r\n'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        *((content, "multipart/form-data; boundary=X") for content in (PART, PART[:30], b"", b"--X--\r\n", FIELD)),
        (PART, "multipart/form-data"),
        (b"{}", "application/json"),
    ],
)
def test_truncated_and_malformed_multipart(http, content, kind):
    assert http.post("/documents", content=content, headers={"Content-Type": kind}).status_code == 400


def test_a_client_that_goes_away_in_the_middle(http):
    raw(http, f"{FORM}\r\nContent-Length: 5000", PART, reads=False)
    assert http.get("/health").status_code == 200


def test_a_bad_file_does_not_replace_a_good_one(http, base, uploads):
    assert send(http, "good.pdf.txt", b"good words").status_code == 201
    assert send(http, "good.pdf.txt", b"  \n ").status_code == 422
    assert (uploads / "good.pdf.txt").read_bytes() == b"good words"
    [kept] = [known.name for known in base.documents() if known.name.endswith("good.pdf.txt")]
    base.remove(kept)
    (uploads / "good.pdf.txt").unlink()
