"""What every `ImageGenerator` promises: a tiny diffusion pipeline, the same with an IP-Adapter, a server's model."""

import numpy as np
import pytest

import tiny_diffusion
from pictures import draw, noise
from quoth.drawing import Sketch, load_image_generator
from quoth.errors import UsageError
from quoth.settings import Settings

PROMPT = "a cat sitting on a table"
STEPS = 4


@pytest.fixture(scope="module", params=["diffusion", "adapter", "endpoint"])
def generator(request, tmp_path_factory):
    if request.param == "endpoint":
        pytest.importorskip("openai")
        pytest.importorskip("fastapi")
        from image_server import application, image_server

        with image_server(application()) as url:
            yield load_image_generator(Settings(image_model="openai:painter", server=url))
        return
    make = {"diffusion": tiny_diffusion.pipeline, "adapter": tiny_diffusion.adapted}[request.param]
    yield load_image_generator(Settings(image_model=make(tmp_path_factory.mktemp(request.param))))


@pytest.fixture(scope="module")
def references():
    return [np.asarray(noise((40, 30), 1)), np.asarray(draw("stripes", (30, 40)))]


def generated(generator, references=(), prompt=PROMPT, **sketch):
    return generator.generate(prompt, references, Sketch(steps=STEPS, **sketch))


def alike(one, other):
    return one.shape == other.shape and np.array_equal(one, other)


def test_words_become_a_picture(generator):
    [drawing] = generated(generator)
    assert drawing.pixels.dtype == np.uint8 and drawing.pixels.ndim == 3 and drawing.pixels.shape[2] == 3
    assert drawing.pixels.std() > 1
    assert (drawing.way, drawing.references, drawing.seed, drawing.steps) == ("text-to-image", (), 0, STEPS)
    assert generator.name


def test_the_same_seed_draws_the_same(generator, references):
    for given in ((), references):
        [first], [again], [other] = (generated(generator, given, seed=seed) for seed in (3, 3, 4))
        assert alike(first.pixels, again.pixels)
        assert not alike(first.pixels, other.pixels)


def test_the_words_count(generator, references):
    for given in ((), references):
        [one], [other] = (generated(generator, given, prompt=words) for words in (PROMPT, "rain over Sund"))
        assert not alike(one.pixels, other.pixels)


def test_the_references_count(generator, references):
    [plain] = generated(generator)
    [after] = generated(generator, references[:1])
    [other] = generated(generator, references[1:])
    assert after.way != "text-to-image" and after.references == (0,) == other.references
    assert not alike(plain.pixels, after.pixels) and not alike(after.pixels, other.pixels)


def test_several_have_seeds_of_their_own_and_can_be_drawn_alone(generator, references):
    several = generated(generator, references[:1], seed=5, count=3)
    assert [one.seed for one in several] == [5, 6, 7]
    [third] = generated(generator, references[:1], seed=7)
    assert alike(several[2].pixels, third.pixels)
    assert all(set(one.references) <= {0} for one in several)


def test_all_that_is_said_to_be_used_is(generator, references):
    """With two references, leaving out one that a drawing names changes it; one that it does not name, does not."""
    for drawing in generated(generator, references, count=2):
        for left_out in range(2):
            kept = [one for i, one in enumerate(references) if i != left_out]
            [without] = generated(generator, kept, seed=drawing.seed)
            if left_out in drawing.references:
                assert not alike(drawing.pixels, without.pixels)
            else:
                assert alike(drawing.pixels, without.pixels)


def test_progress_comes_to_an_end(generator):
    told = []
    generator.generate(PROMPT, (), Sketch(steps=STEPS, count=2), lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 0


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"count": 0}, {"steps": -1}, {"strength": 0.0}, {"strength": 1.1}])
def test_a_sketch_that_makes_no_sense(wrong):
    with pytest.raises(UsageError):
        Sketch(**wrong)
