"""`ScenePipeline`: a scene with its uses as methods."""

from darkroom.uses import method
from singan.scene import Scene
from singan.uses import Animate, Edit, Harmonize, Paint, Retarget, Sample, SuperResolve, Tile


class ScenePipeline(Scene):
    """Use a photograph and its networks, if it is trained. The same seed draws the same.

    Each use is a method, whose arguments are its options and whose result are all of its pictures. It raises ValueError
    with the value and what is allowed.
    """

    sample = method(Sample)
    retarget = method(Retarget)
    animate = method(Animate)
    paint = method(Paint)
    edit = method(Edit)
    harmonize = method(Harmonize)
    super_resolve = method(SuperResolve)
    tile = method(Tile)
