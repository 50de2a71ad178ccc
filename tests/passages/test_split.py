import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quoth.passages.split import split
from quoth.passages.tokens import token_counter
from quoth.types import Document, Heading

words = st.sampled_from(
    ["a", "word", "Sentence.", "über", "中文字", "12,5", "\n", "\n\n", " ", "# x\n", "- i", "```\n", "\t"]
)
texts = st.one_of(st.text(max_size=300), st.lists(words, max_size=200).map(" ".join))


def count_words(text):
    return len(text.split()) + len(text) // 10


def document(text, starts=(), media_type="text/plain"):
    headings = tuple(
        Heading(1 + n % 3, text[s:].split("\n")[0].strip(), s) for n, s in enumerate(sorted(starts)) if text[s:].strip()
    )
    return Document("d", "t", text, media_type, "0", headings)


@settings(max_examples=150, deadline=None)
@given(texts, st.sampled_from(["text/plain", "text/markdown"]), st.data())
def test_spans_are_exact_ordered_complete_and_small(text, media_type, data):
    starts = data.draw(st.lists(st.integers(0, max(len(text) - 1, 0)), max_size=4, unique=True)) if text else []
    passages = split(document(text, starts, media_type), 20, count_words)
    end = 0
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        assert passage.text == passage.text.strip() != ""
        assert not text[end : passage.start].strip()
        assert count_words(passage.text) <= 20
        assert passage.line == text.count("\n", 0, passage.start) + 1
        end = passage.end
    assert not text[end:].strip()


@pytest.mark.parametrize("media_type", ["text/plain", "text/markdown"])
def test_a_heading_is_never_left_alone(media_type):
    mark = "## " if media_type == "text/markdown" else ""
    text = f"{mark}Heading of part\n\n" + "One long sentence without an end that goes on " * 30
    passages = split(document(text, [0], media_type), 60)
    assert len(passages) > 2
    assert passages[0].text.startswith(f"{mark}Heading of part\n\nOne long")


def test_passages_end_where_a_part_of_the_top_level_begins():
    text = "Part one\n\n" + "Words here. " * 20 + "\n\nPart two\n\nShort.\n\nPart three\n\n" + "More words. " * 20
    starts = [text.index(name) for name in ("Part one", "Part two", "Part three")]
    parts = Document("d", "t", text, "text/plain", "0", tuple(Heading(1, text[s : s + 8], s) for s in starts))
    passages = split(parts)
    assert [p.text[:8] for p in passages] == ["Part one", "Part two", "Part thr"]
    assert [p.headings for p in passages] == [("Part one",), ("Part two",), ("Part thr",)]


def test_tiny_sections_go_together():
    text = "Title\n\nIntro.\n\nA\n\nOne.\n\nB\n\nTwo."
    headings = (
        Heading(1, "Title", 0),
        Heading(2, "A", text.index("A\n")),
        Heading(2, "B", text.index("B\n")),
    )
    [passage] = split(Document("d", "t", text, "text/plain", "0", headings))
    assert passage.text == text
    assert passage.headings == ("Title",)


def test_pages_and_headings_are_those_of_the_start():
    text = "One " * 150 + "\n\n" + "Two " * 150
    pages = Document("d", "t", text, "application/pdf", "0", (Heading(1, "One", 0),), (0, 602))
    passages = split(pages, 160)
    assert [p.page for p in passages] == [1, 2]
    assert {p.headings for p in passages} == {("One",)}


@pytest.mark.parametrize("text", ["x" * 60_000, "=" * 30_000, "中" * 20_000, "word " * 20_000], ids=lambda t: t[0])
def test_huge_and_unbroken_text_does_not_explode(text):
    passages = split(document(text))
    assert "".join(p.text for p in passages).replace(" ", "") == text.replace(" ", "")
    assert max(map(token_counter(), (p.text for p in passages))) <= 200


def test_nothing_gives_nothing():
    assert split(document(" \n ")) == ()


def test_tokens_are_counted_as_the_encoder_does():
    counter = token_counter()
    text = "Retrieval-augmented generation: 3.5 % of 中文, naïve_words!\n" * 3
    counter._tokenizer.no_truncation()
    assert counter(text) == len(counter._tokenizer.encode(text, add_special_tokens=False).ids)
