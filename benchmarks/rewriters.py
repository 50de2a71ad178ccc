"""The ways to make a follow-up stand alone that `conversation.py` compares; Quoth's own is one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import quoth
from quoth.generators import LanguageModel, Prompt

Rewrite = Callable[[Sequence[quoth.Turn], str], str]

FEW_SHOTS = """\
Rewrite the last question so that it stands alone.

Question: How long is the Danube?
Answer: 2,850 kilometres
Question: where does it end?
Alone: Where does the Danube end?

Question: Who paid for the telescope of the observatory?
Answer: Clara Lindqvist
Question: and in which year?
Alone: In which year was the telescope of the observatory paid for?

Question: How do I peel a tomato?
Answer: with boiling water
Question: What do sea otters eat?
Alone: What do sea otters eat?

Question: What do sea otters eat?
Answer: sea urchins, crabs and mussels
Question: what about seals?
Alone: What do seals eat?

Question: How do I grow basil on a balcony?
Answer: in a large pot with much sun
Question: why?
Alone: Why does basil on a balcony grow in a large pot with much sun?

Question: When was the treaty on whales signed?
Answer: 1946
Question: how many countries are in it?
Alone: How many countries are in the treaty on whales?

Question: How do I lock the bicycle?
Answer: turn the key to the right
Question: how do I undo it?
Alone: How do I unlock the bicycle?

"""
LONGEST = 40


def as_it_is(_turns: Sequence[quoth.Turn], message: str) -> str:
    """No rewriting."""
    return message


def everything(turns: Sequence[quoth.Turn], message: str) -> str:
    """All that was asked, one behind the other: no topic ever changes."""
    return " ".join([*(turn.message for turn in turns), message])


def by_few_shots(model: LanguageModel) -> Rewrite:
    """A base model that is shown how, greedily; the examples are read once."""
    head = (*model.begin, *model.tokenize(FEW_SHOTS))

    def rewrite(turns: Sequence[quoth.Turn], message: str) -> str:
        told = "".join(f"Question: {turn.message}\nAnswer: {turn.answer}\n" for turn in turns[-2:])
        said: list[int] = []
        with model.read([Prompt((head, tuple(model.tokenize(f"{told}Question: {message}\nAlone:"))))]) as reading:
            while len(said) < LONGEST:
                token = int(np.argmax(reading.log_probs[0]))
                if model.ends(token) or b"\n" in model.detokenize([token]):
                    break
                said.append(token)
                reading.step([token])
        return model.detokenize(said).decode("utf-8", "replace").strip() or message

    return rewrite
