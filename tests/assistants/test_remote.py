"""A question to an answer through real OpenAI-compatible servers: one with the default model, one with a tiny one.

The default model is a base model, so its template is the server's, and it cites when it likes to: the tests hold what
must be true of whatever it says.
"""

import json

import numpy as np
import pytest

import quoth
from quoth.assistants.remote import RemoteAsker
from quoth.errors import MissingExtraError, ModelError, SettingsError, StoppedError, UsageError
from quoth.generators import Stop
from quoth.generators.models import default_model
from quoth.generators.remote import RemoteModel
from quoth.interfaces.shapes import answer_shape
from quoth.rag.citations import read_citations
from quoth.rag.numbered import numbered_prompt, scored_prompt
from quoth.settings import Settings
from quoth.types import Hit, Passage
from remote_servers import llama_server, write_tiny_model

TEXTS = [
    "The lighthouse of Skarv was built in 1874 by the engineer Marta Edvall. It stands on a rock.",
    "The harbour of Skarv is closed in winter. Ferries leave from Lund instead.",
    "The museum of Skarv shows 312 ships in bottles. It is open on Sundays.",
]
QUESTION = "Who built the lighthouse?"


class Listed:
    """Finds given texts in their order; all are as near."""

    def __init__(self, *texts, similarity=0.7):
        prior = -float(np.log(max(1, len(texts))))
        self.hits = [
            Hit(Passage(f"d{i}", "Skarv", text, 0, len(text)), i + 1, 1.0, prior, similarity)
            for i, text in enumerate(texts)
        ]

    def retrieve(self, question, k):
        return self.hits[:k]


@pytest.fixture(scope="module")
def gemma_url(tmp_path_factory):
    log = tmp_path_factory.mktemp("gemma") / "log"
    options = ["--n_ctx", "2048", "--chat_format", "alpaca", "--logits_all", "false"]
    with llama_server(default_model(), log, *options) as url:
        yield url


@pytest.fixture(scope="module")
def remote_gemma(gemma_url):
    return RemoteModel("gemma", gemma_url)


@pytest.fixture(scope="module")
def remote_tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny")
    path = write_tiny_model(folder / "tiny.gguf")
    with llama_server(path, folder / "log", "--n_ctx", "2048", "--chat_format", "chatml") as url:
        yield RemoteModel("tiny", url)


def asker(model, *texts, **settings):
    return RemoteAsker(Listed(*texts), model, Settings(max_tokens=40, **settings))


def check(answer, k):
    """What holds for every answer."""
    assert "".join(token.text for token in answer.tokens) == answer.text == answer.text.strip() != ""
    for token in answer.tokens:
        assert len(token.posterior) == k + 1 and min(token.posterior) >= 0 and token.logprob <= 1e-6
        assert sum(token.posterior) == pytest.approx(1)
    weights = [source.weight for source in answer.sources]
    assert weights == sorted(weights, reverse=True) and len(weights) == k
    assert sum(weights) + answer.memory_weight == pytest.approx(1)
    assert all(source.quote == source.passage.text[source.start : source.end] for source in answer.sources)
    assert 0 < answer.confidence <= 1
    assert 0 <= answer.timing.retrieve_s <= answer.timing.first_token_s <= answer.timing.total_s
    json.dumps(answer_shape(answer), allow_nan=False)


# By what it says and cites.


def test_an_answer_streams_and_knows_its_source(remote_gemma):
    assert not remote_gemma.scores
    stream = asker(remote_gemma, *TEXTS).stream(QUESTION)
    pieces = list(stream)
    answer = stream.answer
    assert len(pieces) > 3 and "".join(pieces) == answer.text
    assert "Marta Edvall" in answer.text and not answer.abstained
    assert answer.decoding == "concat-best-last"
    assert answer.sources[0].passage.text == TEXTS[0] and answer.sources[0].weight > 0.5
    assert answer.sources[0].quote.endswith("Marta Edvall.")
    check(answer, 3)


def test_its_citations_are_read_from_what_it_really_says(remote_gemma):
    numbered = [(i + 1, hit.passage) for i, hit in enumerate(Listed(*TEXTS).hits)]
    answers = []
    for order, question in ((1, "When is the museum open?"), (-1, QUESTION)):
        prompt = numbered_prompt(numbered[::order], question)
        said = "".join(remote_gemma.complete(prompt, stop=["\nQuestion:"], max_tokens=40, temperature=0))
        decoding = "concat-best-first" if order == 1 else "concat-best-last"
        answer = asker(remote_gemma, *TEXTS, decoding=decoding).stream(question).answer
        clean, statements = read_citations(said)
        assert answer.abstained or answer.text == clean
        answers.append((said, statements))
    assert any("[" in said and statements[0].cited for said, statements in answers)


def test_draws_follow_their_seed(remote_gemma):
    said = [asker(remote_gemma, *TEXTS, temperature=2.0, seed=seed).stream(QUESTION) for seed in (1, 1, 2)]
    first, again, other = ("".join(stream) for stream in said)
    assert first == again != other


def test_what_no_passage_says_is_refused(remote_gemma):
    answer = asker(remote_gemma, *TEXTS[1:]).stream("Who is the king of Spain?").answer
    assert answer.abstained and answer.text == "The documents do not say." and answer.tokens == ()
    assert answer.confidence < 0.5 and len(answer.sources) == 2
    assert sum(source.weight for source in answer.sources) + answer.memory_weight == pytest.approx(1)


@pytest.mark.parametrize("retriever", [Listed(), Listed(*TEXTS, similarity=0.1)])
def test_where_nothing_is_near_nobody_is_asked(retriever):
    nowhere = RemoteModel("m", "http://127.0.0.1:1/v1", retries=0)
    answer = RemoteAsker(retriever, nowhere, Settings()).stream("Who?").answer
    assert answer.abstained and len(answer.sources) == len(retriever.hits)


def test_a_prompt_that_is_too_long(remote_gemma):
    with pytest.raises(ModelError, match="too long for gemma") as raised:
        assert asker(remote_gemma, "word " * 5000).stream(QUESTION).answer
    assert "fewer passages" in raised.value.cure


def test_through_the_knowledge_base(gemma_url, tmp_path):
    (tmp_path / "settings.toml").write_text(f'model = "openai:gemma"\nserver = "{gemma_url}"\n')
    knowledge = quoth.open(tmp_path)
    knowledge.add_texts(TEXTS, titles=["Skarv"] * 3)
    answer = knowledge.ask("Who built the lighthouse of Skarv?")
    assert "Marta Edvall" in answer.text and answer.sources[0].passage.text == TEXTS[0]
    assert knowledge.status().generator == "openai:gemma"


# By log-probabilities.


@pytest.mark.parametrize("decoding", ["sequence", "concat-best-first"])
def test_scored_answers_have_the_posterior_of_the_mixture(remote_tiny, decoding):
    made = RemoteAsker(Listed(*TEXTS), remote_tiny, Settings(max_tokens=8, decoding=decoding))
    assert remote_tiny.scores
    stream = made.stream(QUESTION)
    pieces = "".join(stream)
    answer = stream.answer
    check(answer, 3)
    assert pieces == answer.text and answer.decoding == decoding
    prompts = [scored_prompt(hit.passage, QUESTION) for hit in Listed(*TEXTS).hits] + [scored_prompt(None, QUESTION)]
    scored = remote_tiny.score(prompts, f" {answer.text}\n")
    joint = np.log([1 / 6, 1 / 6, 1 / 6, 1 / 2]) + [s.log_probs[:-1].sum() for s in scored]
    posterior = np.exp(joint - np.logaddexp.reduce(joint))
    np.testing.assert_allclose(sorted(posterior[:3], reverse=True), [s.weight for s in answer.sources], atol=1e-3)


def test_the_candidate_with_the_highest_marginal_wins(remote_tiny):
    made = RemoteAsker(Listed(*TEXTS), remote_tiny, Settings(max_tokens=8, answers=9))
    hits = Listed(*TEXTS).hits
    said = ["".join(made._say(QUESTION, some, Stop())) for some in (hits, *([hit] for hit in hits))]
    candidates = {read_citations(one)[0] for one in said}
    assert len(candidates) > 1
    marginals = {}
    for candidate in candidates:
        prompts = [scored_prompt(hit.passage, QUESTION) for hit in hits]
        scored = remote_tiny.score(prompts, f" {candidate}\n")
        marginals[candidate] = np.logaddexp.reduce([s.log_probs.sum() for s in scored]) - np.log(3)
    answer = made.stream(QUESTION).answer
    found = {answer.text: answer.probability} | {other.text: other.probability for other in answer.alternatives}
    assert list(found) == sorted(marginals, key=lambda candidate: -marginals[candidate])
    np.testing.assert_allclose(np.log(list(found.values())), sorted(marginals.values(), reverse=True), atol=1e-3)


def test_who_hangs_up_is_asked_for_no_further_candidate(remote_tiny):
    asked = []

    class Left(RemoteModel):
        def complete(self, message, **options):
            asked.append(message)
            for piece in super().complete(message, **options):
                stream.close()
                yield piece

    stream = RemoteAsker(Listed(*TEXTS), Left("tiny", remote_tiny.url), Settings(max_tokens=8)).stream(QUESTION)
    with pytest.raises(StoppedError):
        _ = stream.answer
    assert len(asked) == 1


# What cannot be.


def test_what_needs_all_probabilities_of_the_model():
    model = RemoteModel("m", "http://localhost/v1")
    with pytest.raises(SettingsError, match="'token'.*sequence, concat"):
        RemoteAsker(Listed(), model, Settings(decoding="token"))
    with pytest.raises(SettingsError, match="robust = True has no effect"):
        RemoteAsker(Listed(), model, Settings(robust=True))


def test_what_is_no_question():
    with pytest.raises(UsageError, match="empty"):
        RemoteAsker(Listed(), RemoteModel("m", "http://localhost/v1"), Settings()).stream(" ")


def test_without_the_client_the_error_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "openai", None)
    knowledge = quoth.open(tmp_path, model="openai:gpt")
    knowledge.add_texts(TEXTS)
    with pytest.raises(MissingExtraError) as raised:
        knowledge.ask(QUESTION)
    assert raised.value.cure == 'pip install "quoth[openai]"'
