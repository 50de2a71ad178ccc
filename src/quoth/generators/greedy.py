"""What a model says if nobody chooses: the likeliest token, each time."""

from __future__ import annotations

from quoth.generators.base import LanguageModel, Prompt, Stop


def greedy(model: LanguageModel, prompt: Prompt, most: int, stop: Stop) -> tuple[str, bool]:
    """The text after a prompt, and whether the model ended it itself, within `most` tokens.

    Raises:
        ModelError: the prompt does not fit the model's context.
        StoppedError: `stop` was set.
    """
    said: list[int] = []
    ended = False
    with model.reserve([prompt], 1, most, stop) as reader, reader.read([prompt]) as reading:
        while len(said) < most and not ended:
            stop.check()
            token = int(reading.log_probs[0].argmax())
            ended = model.ends(token)
            if not ended:
                said.append(token)
                reading.step([token])
    return model.detokenize(said).decode("utf-8", "replace"), ended
