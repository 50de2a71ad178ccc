"""Our own routes, over a real server."""

import asyncio
import base64
import io
import json
import re
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import anyio
import httpx
import pytest
from filelock import FileLock
from PIL import Image

import quoth
from quoth.interfaces import shapes
from quoth.interfaces.http import app as application
from quoth.interfaces.http.jobs import Job, Jobs
from quoth.interfaces.http.replies import AnswerReply, HitReply, InPlaceReply
from quoth.interfaces.http.turns import AT_ONCE, WAITING
from serving import QUESTION, app_of, complaint, found, serving, wait_for
from stuck import STUCK, until


def red():
    made = io.BytesIO()
    Image.new("RGB", (64, 64), (200, 30, 30)).save(made, "PNG")
    return made.getvalue()


def test_search_by_words_and_by_a_picture(http, base):
    hits = found(http.post("/search", json={"query": "lighthouse", "k": 2}))
    assert hits == shapes.search_shape(base.search("lighthouse", 2))
    picture = base64.b64encode(red()).decode()
    for image in (picture, f"data:image/png;base64,{picture}"):
        [hit] = found(http.post("/search", json={"image": image, "k": 1}))
        assert hit["document"].endswith("red.png")
    [uploaded] = found(http.post("/search/picture", files={"image": red()}, data={"k": 1}))
    assert uploaded == hit
    assert [hit["kind"] for hit in found(http.post("/search", json={"query": "red", "kind": "image"}))] == ["image"]


def test_a_wrong_search_is_refused(http):
    assert "empty" in complaint(http.post("/search", json={}), 400)
    assert "base64" in complaint(http.post("/search", json={"image": "~~"}), 400)
    assert "picture" in complaint(http.post("/search", json={"image": "AAAA"}), 422)
    assert complaint(http.post("/search", json={"query": "x", "k": 0}), 422).startswith("k:")
    assert complaint(http.post("/search", json={"query": "x", "typo": 0}), 422)
    assert "no collection" in complaint(http.post("/search?collection=no", json={"query": "x"}), 404)


def test_a_passage_in_its_place_and_its_picture(http, base):
    [hit] = base.search("chapter 2", 1, kind="text")
    read = found(http.get(f"/passages/{hit.passage.id}", params={"around": 2}))
    assert read == shapes.in_place_shape(base.read(hit.passage.id, 2))
    spans = [*read["before"], read["passage"], *read["after"]]
    assert [span["start"] for span in spans] == sorted(span["start"] for span in spans)
    assert len({span["document"] for span in spans}) == 1
    [picture] = base.search("red", 1, kind="image")
    shown = http.get(f"/pictures/{picture.passage.id}")
    assert Image.open(io.BytesIO(shown.content)).size == (64, 64)
    assert "is no picture" in complaint(http.get(f"/pictures/{hit.passage.id}"), 404)
    complaint(http.get("/passages/0123456789abcdef"), 404)
    complaint(http.get("/passages/..%2f..%2fetc"), 404)


def test_an_answer_whole_and_as_events(http, base):
    whole = found(http.post("/answers", json={"question": QUESTION}))
    expected = shapes.answer_shape(base.ask(QUESTION))
    assert {**whole, "timing": 0} == json.loads(json.dumps({**expected, "timing": 0}))
    events = http.post("/answers", json={"question": QUESTION, "stream": True}).text.split("\n\n")
    names, data = zip(*(re.fullmatch("event: (.*)\ndata: (.*)", one).groups() for one in events if one), strict=True)
    assert set(names[:-1]) == {"piece"}
    assert names[-1] == "answer"
    assert "".join(json.loads(one)["text"] for one in data[:-1]) == whole["answer"]
    assert json.loads(data[-1])["tokens"] == whole["tokens"]
    quoted = found(http.post("/answers", json={"question": QUESTION, "decoding": "quote", "passages": 2}))
    assert quoted["decoding"] == "quote"
    assert len(quoted["sources"]) <= 2
    assert "empty" in complaint(http.post("/answers", json={"question": ""}), 400)
    complaint(http.post("/answers", json={"question": "x", "model": "/etc/passwd"}), 422)


def test_the_replies_of_the_openapi_document_are_the_shapes(base):
    answer = shapes.answer_shape(base.ask(QUESTION))
    assert set(AnswerReply.model_fields) == set(answer)
    [hit] = base.search("lighthouse", 1)
    assert set(HitReply.model_fields) == set(shapes.search_shape([hit])[0])
    assert set(InPlaceReply.model_fields) == set(shapes.in_place_shape(base.read(hit.passage.id)))


def test_a_document_goes_in_is_opened_and_goes_out(http, base, uploads):
    sent = http.post("/documents", files={"files": ("ferry.md", b"The ferry Anna sails at 9.", "text/plain")})
    job = found(sent, 202)
    wait_for(lambda: found(http.get(sent.headers["location"]))["state"] == "done")
    job = found(http.get(f"/jobs/{job['id']}"))
    assert (job["added"], job["done"], job["total"], job["failed"]) == (1, 1, 1, [])
    assert (uploads / "ferry.md").read_bytes() == b"The ferry Anna sails at 9."
    listed = found(http.get("/documents", params={"limit": 1000}))
    assert listed["total"] == len(listed["documents"]) == len(base.documents())
    [mine] = [one for one in listed["documents"] if one["name"].endswith("ferry.md")]
    assert found(http.get(f"/documents/{mine['id']}")) == mine
    opened = http.get(f"/documents/{mine['id']}/file")
    assert opened.content == b"The ferry Anna sails at 9."
    assert "sandbox" in opened.headers["content-security-policy"]
    again = http.post("/documents?wait=true", files={"files": ("ferry.md", b"The ferry Anna sails at 10.")})
    assert found(again, 201)["updated"] == 1
    assert "10" in found(http.post("/search", json={"query": "ferry Anna", "k": 1}))[0]["text"]
    (uploads / "ferry.md").write_text("changed behind its back")
    assert "changed" in complaint(http.get(f"/documents/{mine['id']}/file"), 409)
    assert found(http.delete(f"/documents/{mine['id']}"))["removed"] == 1
    assert not (uploads / "ferry.md").exists()
    complaint(http.get(f"/documents/{mine['id']}"), 404)
    complaint(http.delete(f"/documents/{mine['id']}"), 404)
    complaint(http.get("/jobs/0123456789abcdef"), 404)


def test_who_waits_is_told_that_another_process_writes(http, base, uploads):
    file = {"files": ("busy.md", b"The ferry Berta sails at 9.")}
    found(http.post("/documents?wait=true", files=file), 201)
    [mine] = [one for one in found(http.get("/documents"))["documents"] if one["name"].endswith("busy.md")]
    path = f"/documents/{mine['id']}"
    with FileLock(base.folder / "writer.lock"):
        assert "another process" in complaint(http.post("/documents?wait=true", files={"files": ("b.md", b"x")}), 503)
        assert "another process" in complaint(http.delete(path), 503)
        job = found(http.post("/documents", files={"files": ("b.md", b"x")}), 202)
        wait_for(lambda: found(http.get(f"/jobs/{job['id']}"))["state"] == "failed")
        assert "another process" in found(http.get(f"/jobs/{job['id']}"))["failed"][0]["cause"]
    assert not (uploads / "b.md").exists()
    assert found(http.get(path)) == mine
    found(http.delete(path))


def test_an_upload_that_finds_the_queue_full_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(application, "Jobs", lambda meters: Jobs(meters, waiting=1))
    app, go = app_of(quoth.open(tmp_path / "new")), threading.Event()
    jobs = app.state.service.jobs
    head = b'--X\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'

    async def body():
        yield head
        # The queue is filled while the file comes.
        jobs.submit(Job("add", "new", "", []), lambda _: go.wait(STUCK))
        yield b"words\r\n--X--\r\n"

    async def send():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as http:
            kind = {"Content-Type": "multipart/form-data; boundary=X"}
            return await http.post("/documents", content=body(), headers=kind)

    assert "jobs are waiting" in complaint(anyio.run(send), 429)
    go.set()
    jobs.close()
    assert list((tmp_path / "new" / "uploads" / ".incoming").iterdir()) == []


def test_a_server_that_ends_waits_for_its_job_beside_its_other_work(tmp_path):
    app, go, ended = app_of(quoth.open(tmp_path / "new")), threading.Event(), []

    async def live():
        async with app.router.lifespan_context(app):
            app.state.service.jobs.submit(Job("add", "new", "", []), lambda _: ended.append(go.wait(5)))
            asyncio.get_running_loop().call_soon(go.set)

    asyncio.run(live())
    assert ended == [True]


def test_of_two_removals_at_once_one_is_too_late(base, uploads):
    app, go, replies = app_of(base), threading.Event(), []
    jobs = app.state.service.jobs
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as http:
        found(http.post("/documents?wait=true", files={"files": ("twice.md", b"Said twice.")}), 201)
        base.add_texts(["Said once."], names=["twice.md"])
        [text] = [one for one in found(http.get("/documents"))["documents"] if one["name"] == "twice.md"]
        jobs.submit(Job("add", "kb", "", []), lambda _: go.wait(STUCK))
        callers = [
            threading.Thread(target=lambda: replies.append(http.delete(f"/documents/{text['id']}"))) for _ in range(2)
        ]
        for caller in callers:
            caller.start()
        until(lambda: sum(one.finished is None for one in jobs._jobs.values()) == 3)
        go.set()
        for caller in callers:
            caller.join()
        assert sorted(reply.status_code for reply in replies) == [200, 404]
        [file] = [one for one in found(http.get("/documents"))["documents"] if one["name"].endswith("twice.md")]
        assert (uploads / "twice.md").exists()
        found(http.delete(f"/documents/{file['id']}"))


def test_pages_of_the_list_join_to_the_list(http):
    whole = found(http.get("/documents"))["documents"]
    pages = [found(http.get("/documents", params={"offset": i, "limit": 2})) for i in range(0, len(whole), 2)]
    assert [one for page in pages for one in page["documents"]] == whole
    text = next(one for one in whole if one["name"] == "sund")
    complaint(http.get(f"/documents/{text['id']}/file"), 404)


def test_a_first_upload_makes_the_knowledge_base(tmp_path):
    with serving(app_of(quoth.open(tmp_path / "new"))) as url:
        assert found(httpx.get(f"{url}/documents")) == {"total": 0, "documents": []}
        assert "no knowledge base" in complaint(httpx.post(f"{url}/search", json={"query": "x"}), 404)
        put = httpx.post(
            f"{url}/documents?wait=1", files=[("files", ("a.txt", b"words")), ("files", ("b.txt", b"more"))]
        )
        assert found(put, 201)["added"] == 2
        assert len(found(httpx.post(f"{url}/search", json={"query": "words"}))) == 2


def test_other_sites_pages_do_not_reach_it(http):
    assert "Host" in complaint(http.get("/documents", headers={"Host": "evil.example"}), 421)
    assert "evil" in complaint(
        http.post("/search", json={"query": "x"}, headers={"Origin": "http://evil.example"}), 403
    )
    complaint(http.post("/search", json={"query": "x"}, headers={"Origin": "null"}), 403)
    found(http.get("/documents", headers={"Host": "localhost:1"}))
    found(http.post("/search", json={"query": "x"}, headers={"Origin": str(http.base_url).rstrip("/")}))
    assert not any(name.startswith("access-control") for name in http.get("/health").headers)


def test_the_pages_need_no_network(http):
    page = http.get("/docs").text
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    for link in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert http.get(link).status_code == 200


def test_metrics_tell_figures_and_no_names(http):
    http.post("/answers", json={"question": QUESTION})
    http.get("/passages/0123456789abcdef")
    text = http.get("/metrics").text
    assert 'quoth_requests_total{method="GET",route="/passages/{passage_id}",status="404"}' in text
    assert "quoth_first_token_seconds_count" in text
    assert "quoth_answers_total" in text
    assert "0123456789abcdef" not in text
    assert "sund" not in text.lower()


def test_searches_and_embeddings_wait_in_turn_and_stop_nothing_else(base, monkeypatch):
    going, at_work, most = threading.Event(), [], []
    embed, many = base.embed, AT_ONCE + WAITING + 4

    def held(texts):
        at_work.append(texts)
        most.append(len(at_work))
        going.wait(60)
        at_work.remove(texts)
        return embed(texts)

    monkeypatch.setattr(base, "embed", held)
    with serving(app_of(base)) as url, ThreadPoolExecutor(many) as pool:
        wanted = {"model": "quoth", "input": "x"}
        try:
            asked = [pool.submit(httpx.post, f"{url}/v1/embeddings", json=wanted, timeout=60) for _ in range(many)]
            wait_for(lambda: sum(one.done() for one in asked) == 4)
            assert complaint(httpx.post(f"{url}/search", json={"query": "x"}), 429)
            for path in ("/health", "/metrics", "/documents", "/v1/models"):
                assert httpx.get(f"{url}{path}", timeout=10).status_code == 200
        finally:
            going.set()
    replies = [one.result() for one in asked]
    assert sorted(reply.status_code for reply in replies) == [200] * (AT_ONCE + WAITING) + [429] * 4
    assert all(reply.headers["retry-after"] for reply in replies if reply.status_code == 429)
    assert max(most) == AT_ONCE


@pytest.mark.parametrize("kind", ["PNG", "ICO"])
def test_a_picture_that_is_enormous_once_decoded_is_not_searched_by(http, kind):
    picture = io.BytesIO()
    # Of one bit: 70 kB, and more than the limit in pixels. An ICO tells a size of its own.
    Image.new("1", (8000, 7000)).save(picture, "PNG")
    data = picture.getvalue() if kind == "PNG" else icon(picture.getvalue())
    said = complaint(http.post("/search", json={"image": base64.b64encode(data).decode()}), 422)
    assert ("too many" if kind == "PNG" else "of type ICO") in said
    said = complaint(http.post("/search/picture", files={"image": data}), 422)


def icon(png):
    """An icon that says it has 16 x 16 pixels."""
    return struct.pack("<3H4B2H2I", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(png), 22) + png
