"""The paper's models over one's own texts, from end to end, against transformers put together by hand."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import quoth
import tiny
from quoth.errors import ModelError, UsageError

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

TEXTS = [
    "Ada Holm built the tower in 1901, and Ben Ruiz the lighthouse of Sund in 1887.\nIt was long the only one.",
    "A decorator is a function  that takes a function and returns another.",
]
TITLES = ["Towers", '"Python"']
QUESTION = "Who built the Tower?"
LENGTH = 6


@pytest.fixture(scope="module")
def context_encoder(tmp_path_factory):
    return tiny.context_encoder(tmp_path_factory.mktemp("contexts"))


@pytest.fixture(scope="module", params=["token", "sequence"])
def folder(request, tmp_path_factory):
    return tiny.rag(
        tmp_path_factory.mktemp(request.param), request.param, seed=1, end_bias=5.0, letters=True, prefix=" "
    )


@pytest.fixture(scope="module")
def model(folder, context_encoder):
    made = quoth.rag_model(folder, context_encoder)
    assert made.index(TEXTS, passage_length=LENGTH, titles=TITLES) == 6
    return made


def their_vectors(model, tokenizer, *texts):
    batch = tokenizer(*texts, truncation=True, padding="longest", return_tensors="pt")
    with torch.no_grad():
        return model(**batch).pooler_output


@pytest.fixture(scope="module")
def theirs(folder, context_encoder):
    """What transformers makes of the same: the order of passages, and the answers for a number of beams."""
    config = transformers.RagConfig.from_pretrained(folder)
    rag = getattr(transformers, config.architectures[0]).from_pretrained(folder).eval()
    tokenizers = transformers.RagTokenizer.from_pretrained(folder)
    contexts = transformers.DPRContextEncoder.from_pretrained(context_encoder).eval()
    words = [text.split() for text in TEXTS]
    pieces = [
        (t, " ".join(w[i : i + LENGTH])) for t, w in zip(TITLES, words, strict=True) for i in range(0, len(w), LENGTH)
    ]
    titles, texts = [title for title, _ in pieces], [text for _, text in pieces]
    vectors = their_vectors(contexts, tokenizers.question_encoder, titles, texts)
    scores = (their_vectors(rag.rag.question_encoder, tokenizers.question_encoder, [QUESTION]) @ vectors.T)[0]
    best = scores.argsort(descending=True)[: config.n_docs].tolist()
    heard = tokenizers.question_encoder.decode(
        tokenizers.question_encoder(QUESTION)["input_ids"], skip_special_tokens=True
    )
    retriever = SimpleNamespace(config=config, generator_tokenizer=tokenizers.generator)
    docs = {"title": [titles[i] for i in best], "text": [texts[i] for i in best]}
    ids, mask = transformers.RagRetriever.postprocess_docs(
        retriever, [docs], [heard], config.generator.prefix, len(best), return_tensors="pt"
    )
    generator = rag.rag.generator
    generate = type(generator).generate  # their RAG-Sequence leaves the mask out: see tests/rag/test_rag_oracle.py
    generator.generate = lambda ids, **more: generate(generator, ids, **{**more, "attention_mask": ids.ne(1).long()})

    def answers(beams, wanted):
        rows = rag.generate(
            context_input_ids=ids, context_attention_mask=mask, doc_scores=scores[best][None], num_beams=beams,
            num_return_sequences=wanted, max_length=20, do_sample=False,
            **({"length_penalty": 0.0} if beams > 1 else {}),
        )  # fmt: skip
        return [text.strip() for text in tokenizers.generator.batch_decode(rows, skip_special_tokens=True)]

    return SimpleNamespace(texts=docs["text"], scores=scores[best].numpy(), answers=answers)


def test_the_passages_found(model, theirs):
    hits = model.retrieve(QUESTION)
    assert [" ".join(hit.passage.text.split()) for hit in hits] == theirs.texts
    np.testing.assert_allclose([hit.score for hit in hits], theirs.scores, atol=1e-4)
    prior = torch.log_softmax(torch.from_numpy(theirs.scores), 0).numpy()
    np.testing.assert_allclose([hit.log_prior for hit in hits], prior, atol=1e-4)
    for hit in hits:
        text = TEXTS[int(hit.passage.document.removeprefix("text ")) - 1]
        assert text[hit.passage.start : hit.passage.end] == hit.passage.text


def test_the_answers(model, theirs):
    assert len(theirs.answers(1, 1)[0]) > 3
    assert list(map(str, model.generate(QUESTION, max_length=20))) == theirs.answers(1, 1)
    several = model.generate(QUESTION, max_length=20, num_return_sequences=3, num_beams=3)
    assert list(map(str, several)) == theirs.answers(3, 3)
    assert [answer.probability for answer in several] == sorted((a.probability for a in several), reverse=True)


def test_an_answer_has_its_provenance(model):
    answer = model.generate(QUESTION, max_length=12)[0]
    hits = model.retrieve(QUESTION)
    assert {source.passage for source in answer.sources} == {hit.passage for hit in hits}
    assert "".join(token.text for token in answer.tokens) == answer.text
    assert len(answer.tokens) <= 11
    for token in answer.tokens:
        assert len(token.posterior) == len(hits) + 1 and sum(token.posterior) == pytest.approx(1)
    assert sum(source.weight for source in answer.sources) + answer.memory_weight == pytest.approx(1)
    assert 0 < answer.probability <= 1 and 0 <= answer.confidence <= 1
    for source in answer.sources:
        assert source.quote in source.passage.text and source.passage.title in TITLES


def test_the_example_of_the_readme(folder, context_encoder, capsys):
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    [example] = [block for block in readme.split("```python\n") if "quoth.rag_model(" in block]
    name = '"facebook/rag-token-nq"'
    assert name in example
    code = example.partition("```")[0].replace(name, f"{str(folder)!r}, {str(context_encoder)!r}")
    exec(code, {})
    assert capsys.readouterr().out.strip()


def test_the_files_of_the_original_checkpoints(model, folder, context_encoder, tmp_path):
    old = quoth.rag_model(tiny.as_of_2020(folder, tmp_path / "rag"), tiny.as_of_2020(context_encoder, tmp_path / "dpr"))
    old.index(TEXTS, passage_length=LENGTH, titles=TITLES)
    ours, theirs = (made.generate(QUESTION, num_return_sequences=3, num_beams=3) for made in (model, old))
    assert [(a.text, a.probability, a.sources) for a in ours] == [(a.text, a.probability, a.sources) for a in theirs]


def test_indexing_again_replaces(folder, context_encoder):
    model = quoth.rag_model(folder, context_encoder)
    with pytest.raises(UsageError, match="nothing is indexed"):
        model.generate(QUESTION)
    assert model.index(TEXTS) == 2
    assert model.index(["one two three"], passage_length=2) == 2
    assert [hit.passage.text for hit in model.retrieve(QUESTION)] in (["one two", "three"], ["three", "one two"])
    assert isinstance(model.generate(QUESTION), list)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"texts": TEXTS, "titles": ["one"]}, "2 texts with 1 titles"),
        ({"texts": TEXTS, "passage_length": 0}, "passage_length of 0"),
        ({"texts": [" \n"]}, "no words"),
        ({"texts": []}, "no words"),
    ],
)
def test_what_cannot_be_indexed(model, options, match):
    with pytest.raises(UsageError, match=match):
        model.index(**options)


@pytest.mark.parametrize(
    ("question", "options"),
    [("  ", {}), ("Who?", {"max_length": 2}), ("Who?", {"num_beams": 0}), ("Who?", {"num_return_sequences": 0})],
)
def test_what_cannot_be_asked(model, question, options):
    with pytest.raises(UsageError):
        model.generate(question, **options)


def test_what_is_no_checkpoint(tmp_path, folder, context_encoder):
    with pytest.raises(ModelError, match="is a BartForConditionalGeneration"):
        quoth.rag_model(tiny.bart(tmp_path))
    with pytest.raises(ModelError, match="nowhere"):
        quoth.rag_model(folder, tmp_path / "nowhere").index(TEXTS)


def test_without_torch_the_extra_is_named(folder):
    code = (
        "import sys; sys.modules['torch'] = None\nimport quoth\n"
        f"try: quoth.rag_model({str(folder)!r})\nexcept quoth.MissingExtraError as error: print(error.cure)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == 'pip install "quoth[torch]"'
