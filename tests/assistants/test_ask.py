"""A question to an answer with the real default model and passages in memory."""

import dataclasses

import numpy as np
import pytest

from quoth.assistants.ask import Asker
from quoth.errors import UsageError
from quoth.retrieval import log_prior
from quoth.settings import Settings
from quoth.types import Hit, Passage

DOCUMENT = """Notes.

The lighthouse of Skarv was built in 1874 by the engineer Marta Edvall. It stands on a rock.

The harbour of Skarv is closed in winter. Ferries leave from Lund instead.

The museum of Skarv shows 312 ships in bottles. It is open on Sundays."""


def passage_of(paragraph):
    start = DOCUMENT.index(paragraph)
    return Passage("/docs/skarv.txt", "Skarv", paragraph, start, start + len(paragraph))


PASSAGES = [passage_of(paragraph) for paragraph in DOCUMENT.split("\n\n")[1:]]
QUESTION = "Who built the lighthouse?"
# What is decoded is what is tested here; whether it is withheld depends on the calibration.
BOLD = {"min_confidence": 0.0}


class Listed:
    """Finds the passages in their order, with given cosines."""

    def __init__(self, similarities=(0.7, 0.5, 0.4)):
        prior = log_prior(similarities, 0.1)
        self.hits = [
            Hit(passage, rank, score, float(log), score)
            for rank, (passage, score, log) in enumerate(zip(PASSAGES, similarities, prior, strict=False), 1)
        ]

    def retrieve(self, question, k):
        return self.hits[:k]


@pytest.fixture
def ask(gemma):
    def ask(question, retriever=None, **settings):
        return Asker(retriever or Listed(), gemma, Settings(**BOLD | settings)).stream(question).answer

    return ask


@pytest.fixture(
    scope="module", params=["sequence", "sequence-fast", "token", "quote", "concat-best-first", "concat-best-last"]
)
def answer(request, gemma):
    return Asker(Listed(), gemma, Settings(decoding=request.param)).stream(QUESTION).answer


def test_it_is_answered(answer):
    assert "Marta Edvall" in answer.text
    assert not answer.abstained
    assert answer.question == QUESTION


def test_tokens_are_the_text(answer):
    assert "".join(token.text for token in answer.tokens) == answer.text == answer.text.strip()
    assert len(answer.tokens) > 1
    assert all(token.logprob <= 1e-6 for token in answer.tokens)


def test_posteriors_are_distributions_over_sources_and_memory(answer):
    for token in answer.tokens:
        assert len(token.posterior) == len(answer.sources) + 1
        assert sum(token.posterior) == pytest.approx(1, abs=1e-6)
        assert min(token.posterior) >= 0


def test_sources_are_by_weight_and_all_weights_sum_to_one(answer):
    weights = [source.weight for source in answer.sources]
    assert 1 <= len(weights) <= 3
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) + answer.memory_weight == pytest.approx(1, abs=1e-6)
    assert answer.sources[0].passage == PASSAGES[0] and weights[0] > 0.5


def test_posteriors_are_in_the_order_of_the_sources(answer):
    """The whole answer's weights are those of its tokens: the mean, or the last, as the decoding says."""
    posterior = np.array([token.posterior for token in answer.tokens])
    weights = [*(source.weight for source in answer.sources), answer.memory_weight]
    expected = posterior.mean(axis=0) if answer.decoding == "token" else posterior[-1]
    np.testing.assert_allclose(weights, expected, atol=0.02)


def test_quotes_are_verbatim_with_their_place(answer):
    for source in answer.sources:
        assert source.quote == DOCUMENT[source.start : source.end] != ""
        assert source.passage.start <= source.start < source.end <= source.passage.end
    said = answer.sources[0].quote
    assert said == answer.text if answer.decoding == "quote" else said.startswith("The lighthouse of Skarv was built")


def test_confidence(answer):
    assert 0 < answer.confidence < 1
    assert 0 < answer.probability <= np.exp(sum(token.logprob for token in answer.tokens)) + 1e-6
    assert 0 <= answer.timing.retrieve_s <= answer.timing.first_token_s <= answer.timing.total_s


def test_the_right_passage_answers_though_it_is_not_the_first(ask):
    answer = ask("When is the museum open?")
    assert "Sunday" in answer.text
    assert answer.sources[0].passage == PASSAGES[2]


def test_it_is_deterministic(ask):
    first, second = (dataclasses.replace(ask(QUESTION), timing=None) for _ in range(2))
    assert first == second


def test_k_and_the_longest_answer_are_the_settings(ask):
    answer = ask(QUESTION, passages=1, max_tokens=2)
    assert len(answer.sources) == 1
    assert len(answer.tokens) <= 2 and answer.text


@pytest.mark.parametrize(("question", "cause"), [("", "empty"), (" \n\t", "empty"), ("word " * 10_000, "10,000")])
def test_what_is_no_question(gemma, question, cause):
    with pytest.raises(UsageError, match=cause):
        Asker(Listed(), gemma, Settings()).stream(question)


@pytest.mark.parametrize("similarities", [(), (0.2, 0.1, -0.3)])
def test_nothing_relevant_is_a_refusal(ask, similarities):
    answer = ask("What is the capital of France?", Listed(similarities))
    assert answer.abstained and answer.text == "The documents do not say."
    assert answer.confidence == 0 and answer.tokens == ()
    assert len(answer.sources) == len(similarities)
    assert sum(source.weight for source in answer.sources) + answer.memory_weight == pytest.approx(1)
    assert all(source.quote in DOCUMENT for source in answer.sources)


def test_the_streams_pieces_are_the_answer(gemma):
    for decoding in ("sequence", "token"):
        stream = Asker(Listed(), gemma, Settings(decoding=decoding)).stream(QUESTION)
        assert "".join(stream) == stream.answer.text


def test_all_sequences_come_back(gemma, ask):
    def free():
        return gemma.admission.loop.pool.free

    before = free()
    ask(QUESTION)
    for decoding in ("sequence", "token", "concat-best-first"):
        stream = Asker(Listed(), gemma, Settings(decoding=decoding)).stream(QUESTION)
        for _ in stream:
            break
        del stream
        assert free() == before


def test_several_answers(ask):
    answer = ask(QUESTION, answers=3, beams=3, length_penalty=0.0)
    others = [other.text for other in answer.alternatives]
    assert len(others) == 2 and len({answer.text, *others}) == 3
    probabilities = [answer.probability, *(other.probability for other in answer.alternatives)]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(other.source.quote in DOCUMENT for other in answer.alternatives)


def test_quotes_do_not_overlap_and_stand_where_they_say(ask):
    answer = ask("What can be seen or used in Skarv?", decoding="quote", answers=3)
    found = [(answer.text, answer.sources[0]), *((other.text, other.source) for other in answer.alternatives)]
    assert len(found) == 3
    assert all(DOCUMENT[source.start : source.end] == text == source.quote for text, source in found)
    spans = sorted((source.start, source.end) for _, source in found)
    assert all(one[1] <= other[0] for one, other in zip(spans, spans[1:], strict=False))


def test_withheld_for_want_of_confidence(ask):
    said = ask(QUESTION, min_confidence=0.0)
    withheld = ask(QUESTION, min_confidence=1.0)
    assert not said.abstained and withheld.abstained
    assert withheld.confidence == said.confidence
    assert withheld.sources and withheld.tokens == ()


def test_drawn_answers_follow_the_seed(ask):
    texts = [ask(QUESTION, temperature=1.5, seed=seed, min_confidence=0.0).text for seed in (1, 1, 2, 3, 4)]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1


def test_an_answer_ends_before_the_stop(ask):
    assert "Edvall" in ask(QUESTION).text
    assert "Edvall" not in ask(QUESTION, stop="Ed").text


def test_a_passage_without_weight_takes_no_part(ask):
    """With a prior of less than a thousandth it is no source, and the answer is the same."""
    hits = [dataclasses.replace(hit, log_prior=log) for hit, log in zip(Listed().hits, (-0.0002, -9, -11), strict=True)]
    few = Listed()
    few.hits = hits
    answer = ask(QUESTION, few, likelihood_weight=0.0)
    assert [source.passage for source in answer.sources] == PASSAGES[:1]
    assert "Marta Edvall" in answer.text


@pytest.mark.parametrize("decoding", ["sequence", "token"])
def test_contrast_and_robustness_are_at_work(ask, decoding):
    plain = ask(QUESTION, decoding=decoding)
    contrasted = ask(QUESTION, decoding=decoding, contrast=0.5)
    assert contrasted.tokens != plain.tokens
    twice = Listed((0.7, 0.7, 0.4))
    twice.hits[1] = dataclasses.replace(twice.hits[0], rank=2)
    assert "Edvall" in ask(QUESTION, twice, decoding=decoding, robust=True).text
