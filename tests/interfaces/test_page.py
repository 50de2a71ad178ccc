"""The page, in a real browser, on the real default models: what a visitor does, in order.

Screenshots are left in `build/screenshots`, for people to look at.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

import quoth
from quoth.access import Keys
from quoth.interfaces.cli.main import app

sync_api = pytest.importorskip("playwright.sync_api")
pytest.importorskip("streamlit")

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "build" / "screenshots"
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
TIMEOUT = 120_000
sync_api.expect.set_options(timeout=TIMEOUT)
NOTE = "The lighthouse of Sund was built in 1887 by Ada Holm. It is 31 metres high and stands on a rock of granite.\n"
MORE = """# Ferries

The ferry to Skarv leaves Sund at seven in the morning and comes back at nine in the evening. It takes forty cars and
two hundred passengers, and in winter it does not sail when the wind is stronger than twenty metres a second.

## Tickets

A ticket for the ferry costs twelve crowns, and children under six sail free of charge. Tickets are sold at the harbour
office in Sund, which opens an hour before the ferry leaves and closes when it has left.
"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium: apt install chromium")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def address(folder):
    port = free_port()
    (folder / "kb").mkdir()
    (folder / "kb" / "settings.toml").write_text("threads = 1\nmin_confidence = 0.0\n")
    command = [sys.executable, "-m", "quoth.interfaces.cli.main", "page", "--no-browser", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([*command, "--kb", str(folder / "kb")], stdout=log, stderr=log)
        try:
            yield wait_for(f"http://127.0.0.1:{port}", server, folder / "log")
        finally:
            server.terminate()
            server.wait(20)


def wait_for(url, server, log):
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).close()
            return url
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.2)
    pytest.fail(log.read_text())


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(TIMEOUT)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    yield page
    # Offline: nothing but this machine is asked for anything.
    assert not [url for url in asked if not url.startswith((address, "data:", "blob:", address.replace("http", "ws")))]
    context.close()


def shoot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png")


def ask(page, question):
    box = page.get_by_placeholder("Ask your documents")
    box.fill(question)
    box.press("Enter")


def test_what_is_dropped_is_answered_from(page, address):
    page.goto(address)
    page.get_by_text("Nothing is here yet").wait_for()
    shoot(page, "empty")
    files = [{"name": "sund.txt", "mimeType": "text/plain", "buffer": NOTE.encode()}]
    files += [{"name": "ferries.md", "mimeType": "text/markdown", "buffer": MORE.encode()}]
    files += [{"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 nothing"}]
    page.locator("input[type=file]").set_input_files(files)
    ask(page, "Who built the lighthouse of Sund?")
    run = page.locator(".run").first
    run.wait_for()
    assert "Ada Holm" in page.locator(".answer").inner_text()
    page.locator(".word").first.hover()
    tip = page.locator(".tip")
    tip.wait_for()
    assert "built in 1887" in tip.inner_text() and "%" in tip.inner_text()
    shoot(page, "answer")
    run.click()
    page.get_by_role("dialog").locator("mark").wait_for()
    assert "Ada Holm" in page.get_by_role("dialog").locator("mark").inner_text()
    shoot(page, "source")


def test_a_conversation_is_kept_gone_on_with_and_deleted(page, address, folder):
    page.goto(address)
    page.get_by_text("documents are here").wait_for()
    side = page.get_by_test_id("stSidebar")
    side.get_by_role("button", name="Who built the lighthouse").click()
    run = page.locator(".run").first
    run.wait_for()
    run.click()
    assert "Ada Holm" in page.get_by_role("dialog").locator("mark").inner_text()
    page.keyboard.press("Escape")
    ask(page, "and how high is it?")
    page.get_by_text("understood as").wait_for()
    sync_api.expect(page.locator(".answer")).to_have_count(2)
    [file] = (folder / "kb" / "conversations").iterdir()
    assert len(file.read_text("utf-8").splitlines()) == 2
    shoot(page, "conversation")
    side.get_by_role("button", name="Delete this conversation").click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_text("documents are here").wait_for()
    assert not file.exists()


def test_it_works_by_keyboard_and_on_a_phone(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(address)
    ask(page, "How high is the lighthouse?")
    run = page.locator(".run").first
    run.wait_for()
    run.focus()
    page.locator(".tip").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    shoot(page, "phone")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert sum(map(int, background.removeprefix("rgb(").removesuffix(")").split(","))) < 150
    context.close()


def test_a_picture_is_found_by_another(page, address, folder):
    page.goto(f"{address}/documents")
    pictures = [ROOT / "examples" / "pictures" / f"{name}.jpg" for name in ("chelsea", "coffee")]
    page.locator("input[type=file]").first.set_input_files(pictures)
    page.get_by_text("2 added").wait_for()
    page.goto(f"{address}/search")
    page.locator("input[type=file]").set_input_files(ROOT / "examples" / "pictures" / "chelsea-cropped.jpg")
    hits = page.get_by_role("main").get_by_role("button", name=", picture")
    hits.first.wait_for()
    shoot(page, "like-a-picture")
    assert "chelsea" in hits.first.inner_text()


def test_a_text_is_written_after_its_outline(page, address):
    page.goto(f"{address}/write")
    page.get_by_label("What shall be written?").fill("a page on the ferry to Skarv")
    page.get_by_label("What shall be written?").press("Enter")
    page.get_by_role("button", name="Plan an outline").click()
    outline = page.get_by_label("Outline")
    outline.wait_for()
    shoot(page, "outline")
    outline.fill("# The ferry to Skarv\n\n## Tickets for the ferry\n")
    outline.press("Control+Enter")
    page.get_by_role("button", name="Write it").click()
    page.get_by_text("Word for word").wait_for()
    written = page.frame_locator("iframe").locator("body")
    assert "twelve crowns" in written.inner_text() and "Sources" in written.inner_text()
    shoot(page, "written")


def test_what_is_taken_out_is_gone(page, address, folder):
    page.goto(f"{address}/documents")
    page.get_by_text("4 of 4 documents").wait_for()
    shoot(page, "documents")
    page.get_by_label("Filter").fill("sund")
    page.get_by_label("Filter").press("Enter")
    page.get_by_text("1 of 4 documents").wait_for()
    # The count comes first: the other rows stay until the page is drawn to its end.
    remove = page.get_by_role("button", name="Remove")
    sync_api.expect(remove).to_have_count(1)
    remove.click()
    page.get_by_role("button", name="Take it out").click()
    page.get_by_text("0 of 3 documents").wait_for()
    kb = quoth.open(folder / "kb")
    assert not any("sund" in one.name for one in kb.documents())
    assert not (folder / "kb" / "uploads" / "sund.txt").exists()


def test_the_map_is_drawn(page, address):
    page.goto(f"{address}/map")
    page.frame_locator("iframe").locator("#map img").first.wait_for()
    shoot(page, "map")


def test_without_streamlit_it_says_what_to_install(monkeypatch, tmp_path):
    from quoth.interfaces.page import launch

    monkeypatch.setattr(launch.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(quoth.MissingExtraError, match="streamlit") as raised:
        launch.launch(tmp_path, 8501, False)
    assert "quoth[page]" in raised.value.cure
    assert os.environ.get(launch.FOLDER) is None


def test_keys_close_it(page, address, folder):
    page.goto(address)
    page.get_by_placeholder("Ask your documents").wait_for()
    Keys(folder / "kb").create(name="wiki")
    for path in ("", "/documents", "/search"):
        page.goto(f"{address}{path}")
        page.get_by_text("this way in asks for none").wait_for()
        assert not page.get_by_text("Ferries").count()
    shoot(page, "keys")
    refused = CliRunner().invoke(app, ["page", "--no-browser", "--kb", str(folder / "kb")])
    assert isinstance(refused.exception, quoth.UsageError)
    assert "quoth chat" in refused.exception.cure
    assert "127.0.0.1" not in refused.output
