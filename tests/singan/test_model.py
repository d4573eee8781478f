import torch

from darkroom.seeds import seeded
from singan.config import PRESETS, ModelConfig
from singan.image import pyramid_sizes
from singan.model import STRIP_PIXELS, Discriminator, Generator, Pyramid, initialise


def test_paper_parameter_count():
    """1.03 million in the generators at 250x167, as in singan's supplement."""
    config = PRESETS["paper"]
    pyramid = Pyramid(config.model_config(pyramid_sizes(250, 167, config)), scales=9)
    assert round(sum(p.numel() for p in pyramid.parameters()) / 1e6, 2) == 1.03


def test_receptive_field_is_eleven_pixels():
    critic = Discriminator(4, "none")
    initialise(critic.body, 0.5, seeded(0))
    x = torch.zeros(1, 3, 31, 31, requires_grad=True)
    scores = critic(x)
    assert scores.shape == (1, 1, 21, 21)
    (gradient,) = torch.autograd.grad(scores[0, 0, 10, 10], x)
    seen = gradient[0].abs().sum(0) > 0
    assert seen.sum() == 121 and seen[10:21, 10:21].all()


def test_generator_adds_a_residual_of_the_same_size():
    """Also to the smallest picture, which is no larger than the reflection."""
    for padding, size in (("zeros", (20, 13)), ("reflect", (20, 13)), ("reflect", (2, 3))):
        generator = Generator(4, "instance", padding)
        initialise(generator.body, 0.1, seeded(0))
        prev = torch.rand(2, 3, *size)
        out = generator(generator.pad(prev), prev)
        assert out.shape == prev.shape and (out - prev).abs().max() <= 1


def test_initialisation_depends_on_the_seed_alone():
    bodies = [Generator(4, "none", "zeros").body for _ in range(3)]
    for body, seed in zip(bodies, (1, 1, 2), strict=True):
        torch.manual_seed(seed * 7)
        initialise(body, 0.1, seeded(seed))
    a, b, c = (torch.cat([p.flatten() for p in body.parameters()]) for body in bodies)
    assert torch.equal(a, b) and not torch.equal(a, c)


def tiny_pyramid(norms=("none", "none")) -> Pyramid:
    config = ModelConfig(((20, 24), (40, 48)), (4, 4), norms, ("zeros", "reflect"))
    pyramid = Pyramid(config)
    for n in range(2):
        generator = pyramid.new_generator(n)
        initialise(generator.body, 0.5, seeded(n))
        pyramid.append(generator, 1.0 if n == 0 else 0.2)
    return pyramid


def test_large_pictures_pass_in_strips_of_the_same_pixels():
    """So that memory does not grow with them."""
    generator, prev, seen = tiny_pyramid().generators[1], torch.rand(1, 3, 1300, 1000), []
    whole = generator(generator.pad(prev), prev)
    generator.register_forward_hook(lambda _, inputs, drawn: seen.append(inputs[0].shape))
    assert torch.allclose(generator.render(prev, prev, torch.float32), whole, atol=1e-5)
    assert len(seen) > 1 and max(shape[-2] * shape[-1] for shape in seen) <= STRIP_PIXELS


def test_sizes_of_other_results_are_exact_and_in_proportion():
    assert tiny_pyramid().shapes_for((30, 97)) == [(15, 48), (30, 97)]


def test_resized_z_rec_keeps_its_statistics():
    pyramid = tiny_pyramid()
    pyramid.z_rec.copy_(torch.randn(1, 1, 20, 24, generator=seeded(0)))
    z = pyramid.reconstruction_noise(0, (31, 40))
    assert z is not None and z.shape == (1, 1, 31, 40)
    assert torch.allclose(z.std(correction=0), pyramid.z_rec.std(correction=0), rtol=1e-4)
    assert torch.allclose(z.mean(), pyramid.z_rec.mean(), atol=1e-6)
    single = pyramid.reconstruction_noise(0, (1, 1))
    assert single is not None and single.isfinite().all()
    assert pyramid.reconstruction_noise(1, (31, 40)) is None


def test_render_from_a_start_scale_uses_the_given_picture():
    pyramid = tiny_pyramid()
    below = torch.rand(1, 3, 20, 24)
    one, other = (
        pyramid.render(lambda n, size: None, [(20, 24), (40, 48)], torch.float32, start=1, image=image)
        for image in (below, -below)
    )
    assert one.shape == (1, 3, 40, 48) and not torch.equal(one, other)
