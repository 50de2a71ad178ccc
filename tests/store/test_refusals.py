"""KnowledgeBase where it must refuse: not there, damaged, made otherwise, in use, no room on the disk."""

import json
import os
import resource
import subprocess
import sys

import pytest

import quoth
from quoth import IncompatibleError, NotFoundError, SettingsError, StoreError, UsageError
from quoth.types import Status


@pytest.fixture
def kb(tmp_path):
    knowledge = quoth.open(tmp_path / "kb")
    knowledge.add_texts(["The tapir swims."], names=["tapir"])
    return knowledge


def rewrite(kb, **changes):
    file = kb.folder / "quoth.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def run(code, kb, **options):
    program = f"import quoth\nkb = quoth.open({str(kb.folder)!r})\n{code}"
    return subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60, **options
    )


@pytest.mark.parametrize("ask", ["search", "ask", "stream", "remove"])
def test_without_a_knowledge_base_there_is_a_hint_and_nothing_is_made(tmp_path, ask):
    with pytest.raises(NotFoundError, match="quoth add"):
        getattr(quoth.open(tmp_path / "none"), ask)("question")
    with pytest.raises(NotFoundError, match="no knowledge base"):
        quoth.open(tmp_path / "none").status()
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("query", "k"), [("", 5), (" \n", 5), ("tapir", 0), ("tapir", -1)])
def test_a_search_that_makes_no_sense_is_refused(kb, query, k):
    with pytest.raises(UsageError):
        kb.search(query, k)


def test_a_question_that_is_empty_or_very_long_is_refused(kb):
    for question in ("", " \t", "why " * 10_000):
        with pytest.raises(UsageError, match="question"):
            kb.ask(question)
    assert kb.search("tapir " * 10_000)[0].passage.document == "tapir"


def test_another_encoder_is_refused_with_the_command_that_rebuilds(kb):
    rewrite(kb, encoder="other/1")
    again = quoth.open(kb.folder)
    for use in (lambda: again.search("tapir"), lambda: again.add_texts(["x"]), lambda: again.remove("tapir")):
        with pytest.raises(IncompatibleError, match="other/1") as refusal:
            use()
        assert f"quoth add --kb {kb.folder}" in refusal.value.cure


def test_another_format_is_refused_when_opened(kb):
    rewrite(kb, format=99)
    with pytest.raises(IncompatibleError, match="format 99"):
        quoth.open(kb.folder)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", "null", '{"format": 4}', '{"format": 4, "encoder": "x", "dimension": "?"}'],
)
def test_a_damaged_manifest_is_an_error_with_a_cure(kb, content):
    (kb.folder / "quoth.json").write_text(content)
    with pytest.raises(StoreError, match=r"quoth\.json") as refusal:
        quoth.open(kb.folder)
    assert "quoth add" in refusal.value.cure


def test_damaged_tables_are_an_error_of_ours(kb):
    for file in kb.folder.glob("*.lance/**/*"):
        if file.is_file():
            file.write_bytes(b"rubbish")
    with pytest.raises(StoreError):
        quoth.open(kb.folder).search("tapir")


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"holiday\.jpg"):
        quoth.open(tmp_path).add_texts(["text"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "kb").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written"):
        quoth.open(tmp_path / "kb").add_texts(["text"])


def test_settings_come_from_the_folder_and_arguments_go_before(tmp_path):
    (tmp_path / "settings.toml").write_text('decoding = "token"\npassages = 3\n')
    assert quoth.open(tmp_path).settings == quoth.Settings(decoding="token", passages=3)
    assert quoth.open(tmp_path, passages=2).settings.passages == 2
    assert quoth.open(tmp_path).add_texts(["A folder with settings only becomes a knowledge base."]).added == 1


@pytest.mark.parametrize(
    "content", ["decodin = 'token'", "passages = 0", "passages = '5'", "passages = true", "model =", "\xff"]
)
def test_settings_that_make_no_sense_are_refused(tmp_path, content):
    (tmp_path / "settings.toml").write_bytes(content.encode("latin-1"))
    with pytest.raises(SettingsError) as refusal:
        quoth.open(tmp_path)
    assert refusal.value.cure


def test_a_second_writer_is_turned_away_and_readers_are_not(kb):
    code = "from filelock import FileLock; lock = FileLock(kb.folder / 'writer.lock'); lock.acquire();"
    code += "print('held', flush=True); input()"
    program = f"import quoth\nkb = quoth.open({str(kb.folder)!r})\n{code}"
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="another process"):
            kb.add_texts(["More."])
        with pytest.raises(StoreError, match="another process"):
            kb.remove("tapir")
        assert kb.search("tapir")[0].passage.text == "The tapir swims."
        other.stdin.write("\n")
    assert kb.add_texts(["More."]).added == 1


def test_another_process_sees_what_was_added_and_removed(kb):
    asks = "print(sorted(hit.passage.document for hit in kb.search('tapir')))"
    kb.add_texts(["Another tapir."], names=["second"])
    assert run(f"{asks}; kb.remove('tapir')", kb).stdout == "['second', 'tapir']\n"
    assert [hit.passage.document for hit in kb.search("tapir")] == ["second"]


def test_a_limit_on_the_size_of_files_is_an_error_and_the_old_content_stays(kb):
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # noqa: E731
    ignoring = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    many = "kb.add_texts([f'Text {i} about rivers.' for i in range(80)])"
    program = f"""{ignoring}
try:
    {many}
except quoth.StoreError as error:
    print(error.cure)
"""
    done = run(program, kb, preexec_fn=limit)
    assert "what was there before is still there" in done.stdout, done
    assert {hit.passage.document for hit in kb.search("rivers")} == {"tapir"}
    assert kb.add_texts([f"Text {i} about rivers." for i in range(80)]).added == 80


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
    if sys.platform != "linux" or os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a full disk needs the right to mount one")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_an_error_with_a_cure_and_the_old_content_stays(small_disk):
    kb = quoth.open(small_disk / "kb")
    kb.add_texts(["The tapir swims."], names=["tapir"])
    with pytest.raises(StoreError) as refusal:
        kb.add_texts([f"Text {i} about rivers." for i in range(700)])
    assert "free some room" in refusal.value.cure
    assert "still there" in refusal.value.cure
    assert {hit.passage.document for hit in quoth.open(kb.folder).search("tapir")} >= {"tapir"}
    (small_disk / "filler").write_bytes(b"\0" * 100)
    assert quoth.open(kb.folder).status().documents >= 1


def test_no_room_for_even_an_empty_one(small_disk):
    with pytest.raises(OSError, match="No space"), (small_disk / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"\0" * 4096):
            pass
    with pytest.raises(StoreError) as refusal:
        quoth.open(small_disk / "kb").add_texts(["text"])
    assert refusal.value.cure


def test_status_counts_what_is_there(kb):
    status = kb.status()
    assert isinstance(status, Status)
    assert (status.path, status.documents, status.passages) == (str(kb.folder), 1, 1)
    assert status.encoder.startswith("all-MiniLM-L6-v2")
    assert status.bytes > 1000
