"""A tiny exact language model: 256 bytes and three control tokens; it speaks only a few of them.

What comes next is a fixed random function of all the tokens before it, so that every test has the truth
at hand (`ToyModel.after`) without the code that it tests.
"""

import hashlib
from contextlib import nullcontext

import numpy as np

from quoth.errors import ModelError
from quoth.rag import Memory

END, TURN, BEGIN = 256, 257, 258
VOCABULARY = 259


class ToyModel:
    """`says`: the value is said where a prompt holds the key (the first that fits); else it babbles."""

    name = "toy"
    begin = (BEGIN,)

    def __init__(self, speaks="ab c", says=None, template=None, context=10_000):
        self.spoken = [*speaks.encode(), END]
        self.says = says or {}
        self.template = template
        self.context = context
        self.held = 0

    def after(self, prompt, said=()):
        """(V,) float32: the log-probabilities of the token after `prompt` and `said`."""
        tokens = np.array([*prompt, *said], np.int64)
        seed = hashlib.blake2b(tokens.tobytes(), digest_size=8).digest()
        logits = np.full(VOCABULARY, -8.0)
        logits[self.spoken] = np.random.default_rng(int.from_bytes(seed)).normal(0, 2, len(self.spoken))
        text = self.detokenize(prompt).decode("utf-8", "replace")
        answer = next((answer for key, answer in self.says.items() if key in text), None)
        if answer is not None:
            whole = (*answer.encode(), END)
            if whole[: len(said)] == tuple(said) and len(said) < len(whole):
                logits[whole[len(said)]] += 20
        return (logits - np.logaddexp.reduce(logits)).astype(np.float32)

    def ends(self, token):
        return token == END

    def tokenize(self, text, *, special=False):
        parts = text.split("<start_of_turn>") if special else [text]
        tokens = list(parts[0].encode())
        for part in parts[1:]:
            tokens += [TURN, *part.encode()]
        return tokens

    def detokenize(self, tokens):
        return bytes(token for token in tokens if token < 256)

    def show(self, digest, file):
        return None

    def chat(self, message):
        return self.template and self.template.format(message)

    def reserve(self, prompts, rows, tokens, stop):
        return nullcontext(self)

    def read(self, prompts):
        if max(map(len, prompts)) > self.context:
            raise ModelError("too long", "shorten it")
        reading = ToyReading(self, [sum(prompt.segments, ()) for prompt in prompts])
        # All passages explain a question equally well, and the null passage, which has a segment less, does not.
        reading.tails = [np.full(4, 0.0 if len(prompt.segments) > 2 else -250.0, np.float32) for prompt in prompts]
        return reading


class ToyReading:
    def __init__(self, model, prompts):
        self.model, self.prompts = model, prompts
        self.rows = [(prompt, ()) for prompt in prompts]
        self.log_probs = np.stack([model.after(*row) for row in self.rows])
        self.tails = []
        model.held += len(prompts)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.model.held -= len(self.prompts)

    def step(self, tokens):
        for i, token in enumerate(tokens):
            if token is not None:
                prompt, said = self.rows[i]
                self.rows[i] = (prompt, (*said, token))
                self.log_probs[i] = self.model.after(*self.rows[i])

    def score(self, continuations):
        return [np.array([self._score(p, tokens) for p in self.prompts], np.float32) for tokens in continuations]

    def _score(self, prompt, tokens):
        return [self.model.after(prompt, tuple(tokens[:i]))[token] for i, token in enumerate(tokens)]

    def fork(self, index):
        other = ToyReading(self.model, [self.prompts[i] for i in index])
        other.tails = [self.tails[i] for i in index]
        return other

    def reorder(self, index):
        self.rows = [self.rows[i] for i in index]
        self.log_probs = self.log_probs[list(index)]


def null(model, prompts, prior=0.1):
    """The null passage, the last of the prompts."""
    return Memory(lambda: model.read(prompts[-1:]), prior)
