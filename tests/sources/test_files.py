import hashlib
import os
from pathlib import Path

import pytest

from quoth.sources import digest, document_id, find_files


@pytest.fixture
def folder(tmp_path, monkeypatch):
    root = tmp_path / "docs"
    for name in (
        "b.txt",
        "a.md",
        "sub/c.py",
        "sub/deep/d.html",
        ".git/e.txt",
        ".hidden.txt",
        "x.zip",
        "y.pyc",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"text" if name != "x.zip" else b"PK\0")
    monkeypatch.chdir(tmp_path)
    return root


def names(found):
    return [path.name for path in found.files]


def test_a_folder_gives_its_readable_files_sorted_and_no_hidden_ones(folder):
    found = find_files([folder])
    assert names(found) == ["a.md", "b.txt", "c.py", "d.html"]
    assert found.failures == ()
    assert all(path.is_absolute() for path in found.files)


def test_the_same_file_comes_once(folder):
    assert names(find_files([folder / "a.md", folder, "docs/../docs/a.md"])) == [
        "a.md",
        "b.txt",
        "c.py",
        "d.html",
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("docs/*.txt", ["b.txt"]),
        ("docs/**/*.py", ["c.py"]),
        ("docs/**/*.md", ["a.md"]),
        ("docs/**", ["a.md", "b.txt", "c.py", "d.html"]),
        ("docs/*/[cd].py", ["c.py"]),
        ("docs/[!b].*", ["a.md"]),
        ("docs/?.txt", ["b.txt"]),
        ("**/d.html", ["d.html"]),
    ],
)
def test_patterns(folder, pattern, expected):
    assert names(find_files([pattern])) == expected


def test_a_pattern_that_fits_nothing_is_reported(folder):
    [failure] = find_files(["docs/*.docx"]).failures
    assert "no file fits" in failure.cause
    assert failure.cure


def test_a_name_with_brackets_is_a_name_first(folder):
    (folder / "a[1].txt").write_text("text")
    assert names(find_files([folder / "a[1].txt"])) == ["a[1].txt"]


def test_a_missing_path_is_a_failure_and_the_rest_goes_on(folder):
    found = find_files(["nowhere.txt", folder / "a.md"])
    assert names(found) == ["a.md"]
    [failure] = found.failures
    assert failure.path == "nowhere.txt"
    assert "no such file" in failure.cause
    assert "spelling" in failure.cure


def test_a_type_that_no_parser_reads_is_reported_only_if_named(folder):
    [failure] = find_files([folder / "x.zip"]).failures
    assert ".zip" in failure.cause


def test_a_named_file_without_known_type_is_read_if_it_is_text(folder):
    (folder / "notes.weird").write_text("plain words")
    assert names(find_files([folder / "notes.weird"])) == ["notes.weird"]
    assert "notes.weird" not in names(find_files([folder]))


def test_a_hidden_file_that_is_named_is_read(folder):
    assert names(find_files([folder / ".hidden.txt"])) == [".hidden.txt"]


def test_a_file_over_the_limit_tells_its_size_and_the_setting(folder):
    (folder / "b.txt").write_bytes(b"x" * 3_000_000)
    found = find_files([folder], max_bytes=2_000_000)
    assert "b.txt" not in names(found)
    [failure] = found.failures
    assert "3.0 MB" in failure.cause
    assert "2.0 MB" in failure.cause
    assert "max_file_bytes" in failure.cure


def test_loops_of_links_end(folder):
    (folder / "sub" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "sub" / "self").symlink_to("self")
    assert names(find_files([folder])) == ["a.md", "b.txt", "c.py", "d.html"]
    assert names(find_files(["docs/**/*.md"])) == ["a.md"]


def test_a_link_to_a_file_keeps_its_name_and_folders_are_resolved(folder, tmp_path):
    (tmp_path / "link.txt").symlink_to(folder / "b.txt")
    (tmp_path / "other").symlink_to(folder, target_is_directory=True)
    assert document_id(tmp_path / "link.txt").endswith("/link.txt")
    assert document_id(tmp_path / "other" / "b.txt") == document_id(folder / "b.txt")


def test_a_link_to_nowhere_is_reported(folder):
    (folder / "gone.txt").symlink_to(folder / "nowhere")
    [failure] = find_files([folder]).failures
    assert failure.path.endswith("gone.txt")


def test_a_pipe_is_reported_if_named(folder):
    os.mkfifo(folder / "pipe.txt")
    [failure] = find_files([folder / "pipe.txt"]).failures
    assert "regular file" in failure.cause


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for root")
def test_what_cannot_be_read_is_reported(folder):
    (folder / "sub").chmod(0)
    (folder / "a.md").chmod(0)
    found = find_files([folder])
    (folder / "sub").chmod(0o700)
    assert names(found) == ["b.txt"]
    assert sorted(Path(f.path).name for f in found.failures) == ["a.md", "sub"]


def test_digest(folder):
    assert digest(folder / "a.md") == hashlib.sha256(b"text").hexdigest()
