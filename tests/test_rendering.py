"""An answer for eyes: words, colours, escapes."""

import io
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from quoth.answer import Answer, Source, Timing, Token
from quoth.rendering import MEMORY, PALETTE, words
from quoth.types import Passage

FIRST, SECOND, FROM_MEMORY = (0.8, 0.1, 0.1), (0.2, 0.7, 0.1), (0.1, 0.1, 0.8)


def source(text, weight, title="Title"):
    return Source(Passage("/docs/a.txt", title, text, 0, len(text), line=7), text, 0, len(text), weight)


def answer(tokens, sources=None, abstained=False):
    """`tokens`: text and posterior over two sources and the memory."""
    made = tuple(Token(text, -0.1, posterior) for text, posterior in tokens)
    text = "".join(text for text, _ in tokens) or "The documents do not say."
    sources = sources or (source("Ada built it.", 0.6), source("In 1901.", 0.3))
    return Answer("Who?", text, abstained, 0.5, "sequence", made, sources, 0.1, Timing(0, 0, 0))


def printed(shown):
    console = Console(record=True, file=io.StringIO(), width=200, color_system=None)
    console.print(shown)
    return console.export_text()


class Reader(HTMLParser):
    """What a browser shows, and the tags it found."""

    def __init__(self, text):
        super().__init__()
        self.text, self.tags = "", []
        self.feed(text)

    def handle_data(self, data):
        self.text += data

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)


def test_tokens_become_words():
    made = words(answer([("Ad", FIRST), ("a", SECOND), (" Holm", SECOND), (" maybe", FROM_MEMORY)]))
    assert [word.text for word in made] == ["Ada", " Holm", " maybe"]
    assert [word.source for word in made] == [0, 1, None]
    assert made[0].posterior == pytest.approx((0.5, 0.4, 0.1))
    assert made[0].share == pytest.approx(0.5)
    assert made[2].share == pytest.approx(0.8)


def test_words_from_memory_are_marked_in_html():
    html = answer([("Ada", FIRST), (" maybe", FROM_MEMORY)])._repr_html_()
    said, memory = html.split("</span>")[:2]
    assert f"background:{PALETTE[0]}" in said and "source 1 80%, source 2 10%, memory 10%" in said
    assert f"dotted {MEMORY}" in memory and "background" not in memory


def test_html_escapes_all_that_is_not_ours():
    evil = "<script>alert('x')</script>&\"<b>"
    html = answer([(evil, FIRST)], (source(evil, 0.9, title=evil), source(evil, 0.05)))._repr_html_()
    reader = Reader(html)
    assert "script" not in reader.tags and reader.tags.count("b") == 2
    assert reader.text.count(evil) == 4


def test_a_terminal_names_sources_where_they_change():
    shown = printed(answer([("Ada", FIRST), (" Holm", FIRST), (" in", SECOND), (" 1901", FROM_MEMORY)]))
    assert shown.splitlines()[0].strip() == "Ada Holm [1] in [2] 1901 [*]"
    assert "“Ada built it.”" in shown and "Title, line 7" in shown and "/docs/a.txt" in shown
    assert "60%" in shown and "30%" in shown and "10%  the model's memory" in shown


def test_a_refusal_shows_what_was_nearest():
    shown = printed(answer([], (source("Ada built it.", 0.004),), abstained=True))
    assert "The documents do not say." in shown
    assert "Nearest passages" in shown and "Ada built it." in shown
    assert "memory" not in shown


def test_a_source_of_no_weight_is_not_shown():
    shown = printed(answer([("Ada", FIRST)], (source("Ada built it.", 0.9), source("Nothing.", 0.005))))
    assert "Nothing." not in shown


@pytest.mark.parametrize(
    "text",
    [
        "[bold]x[/bold]",
        "[/]",
        "a[1] b[*]",
        "C:\\a\\b",
        "\\[red]",
        "end\\",
        "end\\\\",
        ":heart:",
        "[[x]]",
        "[link=x]y",
    ],
)
def test_a_terminal_shows_the_text_to_the_letter(text):
    lines = printed(answer([(text, FIRST)], (source(text, 0.9, title=text),))).splitlines()
    assert lines[0].strip() == f"{text} [1]"
    assert f"{text}, line 7" in lines[3]
    assert f"“{text}”" in lines[4]


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet="a[]/\\ :bred=#@*1", min_size=1, max_size=12))
def test_no_text_breaks_the_terminal(text):
    assert printed(answer([("x" + text, FIRST)], (source("x" + text, 0.9),)))
