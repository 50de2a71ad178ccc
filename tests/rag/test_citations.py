"""Citations out of text: by hand, and the same however the text is cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoth.rag.citations import CitationReader, read_citations


def cited(text):
    """(words, numbers) of each statement."""
    clean, statements = read_citations(text)
    return [(clean[s.start : s.end].strip(), s.cited) for s in statements]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was built in 1874 [1].", [("It was built in 1874.", (1,))]),
        ("It was built in 1874. [1]", [("It was built in 1874.", (1,))]),
        ("It was built in 1874[1][3].", [("It was built in 1874.", (1, 3))]),
        ("It is old. [2, 3; 5] It is tall.", [("It is old.", (2, 3, 5)), ("It is tall.", ())]),
        ("It is old [1-3].", [("It is old.", (1, 2, 3))]),
        ("Ada built it [1], and Ben paid [2].", [("Ada built it", (1,)), (", and Ben paid.", (2,))]),
        ("According to [2], it is old.", [("According to, it is old.", (2,))]),
        ("[1] It is old.\n[2] It is tall.", [("It is old.", (1,)), ("It is tall.", (2,))]),
        ("- It is old [1]\n- It is tall [2]", [("- It is old", (1,)), ("- It is tall", (2,))]),
        ("No citation here", [("No citation here", ())]),
        ("[4]", []),
        ("", []),
    ],
)
def test_by_hand(text, expected):
    assert cited(text) == expected


@pytest.mark.parametrize(
    "text", ["a[0] is first", "use `items[1]` for it", "in [2024] and [x] and [1, b]", "[1", "a ["]
)
def test_what_is_no_citation_stays(text):
    clean, statements = read_citations(text)
    assert clean == text
    assert all(statement.cited == () for statement in statements)


def test_white_space_around_goes_and_lines_stay():
    assert read_citations(" \n Old. [1]\n\n  Tall [2] . \n")[0] == "Old.\n\n  Tall ."


texts = st.text("ab .!\n`[]0123,;-–9é ", max_size=60) | st.lists(
    st.sampled_from(["Ada ", "built", " it.", "[1]", " [2, 3]", "\n", "`", "[", "]", " [12", "-4]", "  "]), max_size=20
).map("".join)


@given(texts, st.data())
def test_the_pieces_make_no_difference(text, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    reader = CitationReader()
    pieces = [reader.feed(text[a:b]) for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    pieces.append(reader.close())
    assert ("".join(pieces), reader.statements()) == read_citations(text)


@given(texts)
def test_statements_are_the_whole_text_in_order(text):
    clean, statements = read_citations(text)
    assert "".join(clean[s.start : s.end] for s in statements) == clean == clean.strip()


@given(texts)
def test_what_has_no_bracket_is_the_text_itself(text):
    bare = text.replace("[", "")
    assert read_citations(bare)[0] == bare.strip()
