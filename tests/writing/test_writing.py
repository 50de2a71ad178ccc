"""A brief to a text: the outline, footnotes that stand in the documents, marks, reports, formats."""

import io
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html
from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin
from PIL import Image

import quoth
from quoth.encoders import load_encoder
from quoth.rag.quote import LONGEST
from quoth.types import Hit, Passage
from quoth.writing.escape import escaped
from quoth.writing.outline import Outline, Planned, read_outline, title_of, topic_of
from quoth.writing.quoting import Quoter
from quoth.writing.text import Code, Illustration, Paragraph, Section, Sentence, share_of
from quoth.writing.writing import Writing
from toy import ToyModel

BRIEF = "a blog post on tapirs"
OUTLINE = Outline("Tapirs", (Planned("Food of tapirs"), Planned("How tapirs swim"), Planned("Cars of the future")))


@pytest.fixture
def text(writer):
    return writer(ToyModel(), length=200).write(BRIEF, OUTLINE).text


def sentences(text):
    return [one for section in text.sections for one in section.sentences]


def test_topics():
    assert topic_of("a blog post on  Python decorators.") == "Python decorators"
    assert topic_of("A short guide to testing of engines") == "testing of engines"
    assert topic_of("the history of Rome") == "the history of Rome"
    assert title_of("an essay about tapirs") == "Tapirs"


WORDS = st.text(st.sampled_from("ab *_`#-+.1)[]<>&!|~\\"), min_size=1, max_size=12).map(lambda t: " ".join(t.split()))
HEADINGS = WORDS.filter(lambda t: t and t.count("`") == 0)


@given(title=HEADINGS, sections=st.lists(st.tuples(HEADINGS, HEADINGS | st.just("")), min_size=1, max_size=3))
def test_an_outline_is_read_as_it_was_written(title, sections):
    outline = Outline(title, tuple(Planned(*section) for section in sections))
    assert read_outline(outline.markdown) == outline


@given(text=WORDS)
def test_words_in_markdown_are_the_same_words(text):
    page = MarkdownIt("commonmark").render(escaped(text))
    assert (
        "".join(html.fromstring(f"<div>{page}</div>").itertext()).strip() == "".join(text.split("`")).strip()
        or "`" in text
    )


def test_an_outline_without_sections_is_refused():
    with pytest.raises(quoth.UsageError, match="no section"):
        read_outline("# Only a title\n\nand words")


def test_the_plan_has_the_documents_headings(writer):
    outline = writer(ToyModel(), length=300).outline(BRIEF)
    assert outline.title == "Tapirs"
    headings = [section.heading for section in outline.sections]
    assert headings[0] == "Introduction"
    assert {"Water", "Young"} <= set(headings)


def test_a_base_model_takes_sentences_word_for_word(text):
    assert [section.heading for section in text.sections] == ["Food of tapirs", "How tapirs swim"]
    said = [one.text for one in sentences(text)]
    assert len(said) == len(set(said))
    assert "It needs some forty kilograms of them each day." in said
    for one in sentences(text):
        [source] = one.sources
        document = Path(source.passage.document).read_text("utf-8")
        assert document[source.start : source.end] == source.quote
        assert one.text in " ".join(source.quote.split()) and one.verbatim and one.supported


def test_a_quote_of_a_long_run_holds_the_sentence_that_it_stands_after():
    """Three sentences of some 150 characters in one run, then one of more than a quote has room for."""
    long = "{} tapirs of the northern rainforests swallow considerable quantities of extraordinarily nutritious fruit "
    said = [f"{long.format(kind)}throughout the afternoon in comfort." for kind in ("Old", "All", "Big")]
    said.append(f"{long.format('Most')}{'and noticeably uninteresting vegetation ' * 6}until nightfall.")
    text = f"{' '.join(said[:3])}\n\n{said[3]}"
    hits = [Hit(Passage("/p/a.txt", "a.txt", text, 100, 100 + len(text)), 1, 1.0, 0.0, 0.5)]
    blocks = Quoter(load_encoder(), None).section("tapirs", "What tapirs eat in the forest", (), hits, 200)
    found = Section("", tuple(blocks)).sentences
    assert [one.text for one in found] == said
    for one in found:
        [source] = one.sources
        assert one.text in source.quote
        assert text[source.start - 100 : source.end - 100] == source.quote
        assert len(source.quote) <= LONGEST or source.quote == one.text
    assert len({one.sources[0].quote for one in found}) == 3


def test_the_report_of_it(text):
    report = text.report
    assert report.whole.words == report.whole.supported == report.whole.verbatim == text.words
    assert sum(words for _, words in report.whole.by_document) == pytest.approx(text.words)
    assert sum(share.words for _, share in report.sections) == text.words
    assert report.empty == ("Cars of the future",)
    assert "base model" in report.notes[0]


def test_footnotes_resolve_and_each_quote_stands_in_its_document(text):
    page = html.fromstring(MarkdownIt("commonmark").use(footnote_plugin).render(text.markdown))
    items = page.xpath('//li[@class="footnote-item"]')
    called = page.xpath('//sup[@class="footnote-ref"]/a/@href')
    assert called == [f"#{item.get('id')}" for item in items] and items
    documents = [
        " ".join(p.read_text("utf-8").split()) for p in {Path(o.sources[0].passage.document) for o in sentences(text)}
    ]
    for item in items:
        quote = "".join(item.itertext()).partition("“")[2].rpartition("”")[0]
        assert any(quote in document for document in documents)


def test_what_is_said_comes_as_it_is_written(writer):
    stream = writer(ToyModel(), length=200).write(BRIEF, OUTLINE)
    came = [section for section in stream if section.blocks]
    assert tuple(came) == stream.text.sections
    assert stream.text == writer(ToyModel(), length=200).write(BRIEF, OUTLINE).text


CHAT = "<start_of_turn>{}<start_of_turn>"
SAID = "Tapirs eat leaves and fruit every day. Tapirs invented the telephone in 1876."


@pytest.fixture
def chat():
    """A model that can be told: it says the same of every section, at home through the mixture."""
    return ToyModel(says={"Passage:": SAID, "Plan a blog": "# Tapirs at table\n\n## Food\n\n## Water"}, template=CHAT)


def test_a_model_that_is_told_writes_itself_and_what_nothing_supports_is_marked(writer, chat):
    text = writer(chat, length=100).write(BRIEF, Outline("", (Planned("Food"),))).text
    supported, invented = sentences(text)
    assert supported.supported and not supported.verbatim and not invented.supported
    assert sum(source.weight for source in supported.sources) + supported.memory == pytest.approx(1)
    assert "*Tapirs invented the telephone in 1876.*†" in text.markdown and "† No passage" in text.markdown
    assert text.report.whole.memory >= 6 and text.report.notes == ()
    assert "Written by toy" in text.markdown


def test_strict_leaves_nothing_that_nothing_supports(writer, chat):
    text = writer(chat, length=100, strict=True).write(BRIEF, Outline("", (Planned("Food"),))).text
    assert [one.text for one in sentences(text)] == ["Tapirs eat leaves and fruit every day."]
    assert text.dropped == ("Tapirs invented the telephone in 1876.",)
    assert "†" not in text.markdown


def test_a_model_that_is_told_plans_itself_and_nothing_is_said_twice(writer, chat):
    stream = writer(chat, length=100).write(BRIEF, None)
    assert stream.outline == Outline("Tapirs at table", (Planned("Food"), Planned("Water")))
    assert [section.heading for section in stream.text.sections] == ["Food"]


class Server:
    """In the place of a server's model: it cites."""

    name = "server"

    def complete(self, message, **options):
        if "Plan a blog" in message:
            return iter(["I would rather not."])
        assert "in a dry tone for children" in message
        cited = next(part[0] for part in message.split("[")[1:] if "A tapir eats leaves" in part)
        return iter(["Tapirs need forty kilo", f"grams each day [{cited}]. They also love jazz [{cited}]."])


def test_a_servers_model_is_believed_as_far_as_its_citations_hold(writer):
    made = writer(Server(), length=100, tone="dry", audience="children")
    text = made.write(BRIEF, Outline("T", (Planned("Food of tapirs"),))).text
    assert [(one.text, one.supported) for one in sentences(text)] == [
        ("Tapirs need forty kilograms each day.", True),
        ("They also love jazz.", False),
    ]
    headings = [section.heading for section in made.outline(BRIEF).sections]
    assert "Water" in headings  # a plan that is none is replaced by the documents' headings


def jpeg():
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture
def illustrated(writer):
    picture = Passage("/p/tapir.jpg", "p/tapir.jpg", "A tapir at *lunch*", 0, 0, picture="0" * 16)

    def pictures(words, k):
        return [(Hit(picture, 1, 0.5, 0.0, 0.6), jpeg())]

    return writer(ToyModel(), pictures, length=200).write(BRIEF, OUTLINE).text


def test_a_picture_comes_once_with_its_caption(illustrated, tmp_path):
    assert [one.caption for one in illustrated.illustrations] == ["A tapir at *lunch*"]
    illustrated.save(tmp_path / "t.md")
    markdown = (tmp_path / "t.md").read_text("utf-8")
    [name] = [
        token.attrs["src"]
        for block in MarkdownIt().parse(markdown)
        for token in block.children or []
        if token.type == "image"
    ]
    assert (tmp_path / name).read_bytes() == jpeg()


def test_as_a_page(illustrated, tmp_path):
    illustrated.save(tmp_path / "t.html")
    page = html.fromstring((tmp_path / "t.html").read_bytes())
    assert page.xpath("//h1/text()") == ["Tapirs"]
    assert page.xpath("//img/@src")[0].startswith("data:image/jpeg;base64,")
    said = " ".join("".join(p.itertext()) for p in page.xpath("//p"))
    assert all(one.text.split(".")[0] in said for one in sentences(illustrated))


def test_as_a_word_document(illustrated, tmp_path):
    import docx

    illustrated.save(tmp_path / "t.docx")
    document = docx.Document(str(tmp_path / "t.docx"))
    shown = "\n".join(p.text for p in document.paragraphs)
    assert all(one.text in shown for one in sentences(illustrated))
    assert len(document.inline_shapes) == 1
    with zipfile.ZipFile(tmp_path / "t.docx") as archive:
        notes, body = (etree.fromstring(archive.read(f"word/{part}.xml")) for part in ("footnotes", "document"))
    space = {"w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main"}
    ids = notes.xpath("//w:footnote[not(@w:type)]/@w:id", namespaces=space)
    assert body.xpath("//w:footnoteReference/@w:id", namespaces=space) == ids and ids


def test_signs_that_no_word_document_holds_are_left_out(text, tmp_path):
    import docx

    odd = "\x1b[31m\x00a\u00a0b\ufffe\udc80"
    passage = Passage(f"/p/{odd}", odd, odd, 0, len(odd), headings=(odd,))
    source = quoth.Source(passage, odd, 0, len(odd), 1.0)
    blocks = (
        Paragraph((Sentence(odd, (source,)), Sentence(odd, (), 1.0))),
        Code(f"{odd}\n\tnext", "", source),
        Illustration(passage, odd, jpeg()),
    )
    Writing(odd * 100, "b", odd, (Section(odd, blocks),)).save(tmp_path / "t.docx")
    document = docx.Document(str(tmp_path / "t.docx"))
    clean = "[31ma\u00a0b"
    assert document.core_properties.title == (clean * 100)[:255]
    shown = [paragraph.text for paragraph in document.paragraphs]
    assert {clean * 100, clean, f"{clean} {clean}†", f"{clean}\n\tnext"} <= set(shown)
    with zipfile.ZipFile(tmp_path / "t.docx") as archive:
        assert clean in archive.read("word/footnotes.xml").decode()


@pytest.mark.parametrize(("suffix", "what"), [("docx", "python-docx"), ("html", "mdit-py-plugins")])
def test_what_is_missing_for_a_format_is_told_before_anything_is_written(monkeypatch, suffix, what):
    for name in ("docx", "mdit_py_plugins"):
        monkeypatch.setitem(sys.modules, name, None)  # as if it were not installed
    with pytest.raises(quoth.MissingExtraError, match=what) as error:
        Writing.check_name(f"t.{suffix}")
    assert "quoth[write]" in error.value.cure
    assert Writing.check_name("t.md")


def test_code_is_fenced_as_it_stands(text):
    source = sentences(text)[0].sources[0]
    block = Code("```\nx\n```", "", source)
    section = type(text.sections[0])("C", (Paragraph((sentences(text)[0],)), block))
    [fence] = [one for one in MarkdownIt().parse(Writing("T", "b", "m", (section,)).markdown) if one.type == "fence"]
    assert fence.content == "```\nx\n```\n"


def test_shares_by_hand():
    source = lambda name, weight: quoth.Source(Passage(name, name, "x", 0, 1), "x", 0, 1, weight)  # noqa: E731
    share = share_of([
        Sentence("one two three four", (source("a", 0.5), source("b", 0.25)), 0.25),
        Sentence("five six", (), 1.0),
        Sentence("seven eight", (source("b", 1.0),), 0.0, verbatim=True),
    ])  # fmt: skip
    assert (share.words, share.supported, share.verbatim, share.memory) == (8, 6, 2, 3.0)
    assert share.by_document == (("b", 3.0), ("a", 2.0))


@pytest.mark.parametrize(
    ("brief", "wishes", "cause"),
    [
        (" ", {}, "brief is empty"),
        ("a letter about quantum chromodynamics", {}, "say nothing"),
        (BRIEF, {"length": 10}, "length of 10"),
        (BRIEF, {"size": 10}, "no wish 'size'"),
    ],
)
def test_what_is_refused(kb, brief, wishes, cause):
    with pytest.raises(quoth.UsageError, match=cause):
        kb.write(brief, **wishes)


def test_a_plan_of_nothing_is_refused(kb):
    with pytest.raises(quoth.UsageError, match="no section"):
        kb.write(BRIEF, Outline("Tapirs", ()))


def test_other_endings_are_refused(text, tmp_path):
    with pytest.raises(quoth.UsageError, match=r"\.docx"):
        text.save(tmp_path / "t.pdf")
    with pytest.raises(quoth.StoreError, match="cannot be written"):
        text.save(tmp_path / "gone" / "t.md")


def test_with_the_default_model_from_the_command_line(kb, tmp_path):
    import json

    from typer.testing import CliRunner

    from quoth.interfaces.cli.main import app

    def run(*options):
        result = CliRunner().invoke(
            app, ["write", BRIEF, "--kb", str(kb.folder), "--length", "150", *map(str, options)]
        )
        assert result.exit_code == 0, (result.output, result.exception)
        return result

    plan, post = tmp_path / "plan.md", tmp_path / "post.md"
    assert "edit it" in run("--outline", plan).stdout
    plan.write_text("# My tapirs\n\n## Food of tapirs\n", "utf-8")
    done = run("--outline", plan, "--out", post, "--tone", "solemn", "--json")
    shown = json.loads(done.stdout)
    assert post.read_text("utf-8") == shown["markdown"]
    assert shown["title"] == "My tapirs"
    assert set(shown) == {"title", "brief", "generator", "markdown", "sections", "report"}
    assert set(shown["sections"][0]["sentences"][0]) == {"text", "supported", "verbatim", "memory", "sources"}
    assert set(shown["report"]) == {
        "words", "supported", "verbatim", "memory", "by_document", "sections", "dropped", "empty", "notes",
    }  # fmt: skip
    assert "100% word for word" in done.stderr and "the tone asked for" in done.stderr
