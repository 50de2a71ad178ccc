"""Our mixture through a real encoder-decoder against transformers' RagTokenForGeneration and RagSequenceForGeneration.

Tiny random checkpoints. Equal: the marginal likelihoods; greedy and beam search of both models, if each is given what
it needs. Not equal, each with a test that shows how transformers departs from the paper:

- RAG-Sequence proposes from inputs whose padding is not masked (`generate` sets `attention_mask` to None).
- RAG-Sequence leaves the prior out of an empty answer: it is put on the second token.
- RAG-Sequence ranks by log p even where its beams are normalised by length.
- It asks for more answers than were found and fails; we give those that were found.
- An input that is too long loses its end, which is the question.
- A checkpoint with `forced_eos_token_id` loses the last token that fits to a stop.
"""

from types import SimpleNamespace

import numpy as np
import pytest

import tiny
from quoth.rag import Limits, Search, decode_sequence, decode_token
from quoth.rag.marginal import sequence_log_prob, token_log_probs
from quoth.types import Passage
from toy import null

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

QUESTION = "who built the tower?"
TEXTS = [
    ("Tower", "Ada Holm built the tower in 1901."),
    ('"Sund"', "Ben Ruiz built the  lighthouse of Sund in 1887, and it was for long the only one there."),
    ("", "A decorator"),
]
START, END, PAD, MAX_LENGTH = 2, 2, 1, 13
# Without a bias towards the end a random model never ends; with too much it says nothing.
BIASES = [0, 11, 15]


class Case:
    """The same checkpoint and passages for both sides; document scores are random."""

    def __init__(self, folder, kind, seed, bias):
        from quoth.assistants.rag_checkpoint import load_rag

        tiny.rag(folder, kind, seed, bias)
        self.checkpoint = load_rag(str(folder))
        self.model = self.checkpoint.generator
        self.theirs = getattr(transformers, f"Rag{kind.title()}ForGeneration").from_pretrained(folder).eval()
        self.ids, self.mask = self.inputs(120)
        scores = np.random.default_rng(seed).normal(0, 2, len(TEXTS)).astype(np.float32)
        self.scores = torch.from_numpy(scores)[None]
        self.log_prior = scores.astype(np.float64) - np.logaddexp.reduce(scores)
        passages = [Passage("", title, text, 0, len(text)) for title, text in TEXTS]
        self.prompts = [self.checkpoint.format.prompt(self.model, z, QUESTION) for z in [*passages, None]]

    def inputs(self, longest):
        """(k, t) tokens and mask as their retriever makes them."""
        config = SimpleNamespace(title_sep=" / ", doc_sep=" // ", max_combined_length=longest)
        retriever = SimpleNamespace(config=config, generator_tokenizer=tiny.byte_tokenizer("<s> $A </s>"))
        docs = {"title": [title for title, _ in TEXTS], "text": [text for _, text in TEXTS]}
        make = transformers.RagRetriever.postprocess_docs
        return make(retriever, [docs], [QUESTION], None, len(TEXTS), return_tensors="pt")

    def given(self, copies=1):
        return {
            "context_input_ids": self.ids.repeat(copies, 1),
            "context_attention_mask": self.mask.repeat(copies, 1),
            "doc_scores": self.scores.repeat(copies, 1),
        }

    def their_log_probs(self, answers, **options):
        """log p(y|x) of answers of one length, by their loss."""
        labels = torch.tensor([[START, *answer] for answer in answers])
        with torch.no_grad():
            return -self.theirs(**self.given(len(answers)), labels=labels, **options).loss.numpy()

    def our_members(self, answer):
        with self.model.read(self.prompts) as reading:
            return reading.score([answer])[0][: len(TEXTS)]

    def their_answers(self, beams, answers, **options):
        options = {"max_length": MAX_LENGTH, "do_sample": False, **options}
        if beams > 1:
            # "never" is the paper's beam search: by default a heuristic may end it too soon.
            options = {"early_stopping": "never", "length_penalty": 0.0, **options}
        rows = self.theirs.generate(**self.given(), num_beams=beams, num_return_sequences=answers, **options)
        return [said(row[1:]) for row in rows.tolist()]

    def our_answers(self, beams, answers, length_penalty=0.0):
        decode = {"token": decode_token, "sequence": decode_sequence}[self.checkpoint.decoding]
        limits = Limits(MAX_LENGTH - 1, lambda tokens: self.model.ends(tokens[-1]))
        search = Search(beams=beams, answers=answers, length_penalty=length_penalty)
        with self.model.read(self.prompts[:-1]) as reading, null(self.model, self.prompts) as memory:
            return [one.tokens for one in finished(decode(reading, self.log_prior, memory, limits, search))]

    def mask_their_padding(self):
        """Give the beams of their passages the attention mask that `generate` leaves out."""
        generator = self.theirs.rag.generator
        generate = type(generator).generate
        generator.generate = lambda ids, **options: generate(
            generator, ids, **{**options, "attention_mask": ids.ne(PAD).long()}
        )
        return self


def said(tokens):
    return tuple(tokens[: tokens.index(END)] if END in tokens else [token for token in tokens if token != PAD])


def finished(decoding):
    while True:
        try:
            next(decoding)
        except StopIteration as end:
            return end.value


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A case for a kind of model, a seed and how much its model likes to end."""
    return lambda kind, seed, bias=0: Case(tmp_path_factory.mktemp(f"{kind}{seed}"), kind, seed, bias)


def test_the_generator_reads_what_their_retriever_writes(case):
    made = case("token", 0)
    for prompt, ids, mask in zip(made.prompts, made.ids, made.mask, strict=False):
        assert [*prompt.segments[0], *made.model.close] == ids[mask == 1].tolist()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["token", "sequence"])
def test_marginal_likelihoods(case, kind, seed):
    made = case(kind, seed)
    answers = np.random.default_rng(seed).integers(5, 300, (3, 6)).tolist()
    for answer, expected in zip(answers, made.their_log_probs(answers), strict=True):
        members = made.our_members(answer)
        token = token_log_probs(made.log_prior, members).sum()
        ours = token if kind == "token" else sequence_log_prob(made.log_prior, members)
        assert ours == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("seed", range(3))
def test_rag_token_greedy_and_beams(case, seed, bias):
    made = case("token", seed, bias)
    assert made.our_answers(1, 1) == made.their_answers(1, 1)
    assert made.our_answers(4, 4) == made.their_answers(4, 4)
    assert made.our_answers(4, 4, length_penalty=1.0) == made.their_answers(4, 4, length_penalty=1.0)


@pytest.mark.parametrize(("seed", "bias"), [(0, 0), (1, 0), (2, 0), (1, 11), (2, 15), (3, 11), (5, 15)])
def test_rag_sequence_greedy_and_beams(case, seed, bias):
    made = case("sequence", seed, bias).mask_their_padding()
    assert made.our_answers(1, 1) == made.their_answers(1, 1)
    assert made.our_answers(4, 4) == made.their_answers(4, 4)


def test_theirs_proposes_from_padding(case):
    """Their beams attend to padding, so that a shorter passage proposes something else than its likeliest answer."""
    made = case("sequence", 0)
    ours, theirs = made.our_answers(1, 1)[0], made.their_answers(1, 1)[0]
    assert ours != theirs
    by_us, by_them = made.their_log_probs([ours])[0], made.their_log_probs([theirs])[0]
    assert by_us > by_them + 1  # by their own count
    assert made.mask_their_padding().their_answers(1, 1) == [ours]


def test_theirs_leaves_the_prior_out_of_an_empty_answer(case):
    made = case("sequence", 4, 11)
    members = made.our_members([END])
    theirs = made.their_log_probs([[END]])[0]
    assert theirs == pytest.approx(np.logaddexp.reduce(members[:, 0]), abs=1e-4)
    assert sequence_log_prob(made.log_prior, members) < theirs - 0.1
    # So that it comes first where it should not.
    assert made.mask_their_padding().their_answers(4, 4)[0] == () != made.our_answers(4, 4)[0]


def test_theirs_ranks_by_log_p_whatever_the_length_penalty(case):
    made = case("sequence", 5, 11).mask_their_padding()

    def scores(answers, penalty):
        whole = [[*y, END][: MAX_LENGTH - 1] for y in answers]
        return [sequence_log_prob(made.log_prior, made.our_members(y)) / len(y) ** penalty for y in whole]

    theirs, ours = (answers(4, 3, length_penalty=1.0) for answers in (made.their_answers, made.our_answers))
    assert theirs != ours
    assert scores(theirs, 0) == sorted(scores(theirs, 0), reverse=True) != scores(ours, 0)
    assert scores(ours, 1) == sorted(scores(ours, 1), reverse=True) and scores(ours, 1)[0] > scores(theirs, 1)[0]


def test_theirs_fails_where_fewer_answers_were_found(case):
    made = case("sequence", 0).mask_their_padding()
    with pytest.raises(RuntimeError, match="out of range"):
        made.their_answers(1, len(TEXTS) + 1)
    assert len(made.our_answers(1, len(TEXTS) + 1)) >= len(TEXTS)


def test_theirs_loses_the_question_of_a_long_input(case):
    made = case("token", 0)
    ids, _ = made.inputs(40)
    decode = tiny.byte_tokenizer().decode
    assert QUESTION not in decode(ids[1])
    shorter = made.checkpoint.format.__class__("", " / ", " // ", 40)
    passage = Passage("", *TEXTS[1], 0, len(TEXTS[1][1]))
    ours = [*shorter.prompt(made.model, passage, QUESTION).segments[0], *made.model.close]
    assert (
        len(ours) == 40
        and decode(ours).startswith("<s>Sund / Ben Ruiz")
        and decode(ours).endswith(f" // {QUESTION}</s>")
    )


def test_theirs_gives_the_last_token_to_a_forced_end(case):
    made = case("token", 0)
    theirs = made.their_answers(1, 1, forced_eos_token_id=END)
    assert theirs == [made.our_answers(1, 1)[0][:-1]]
