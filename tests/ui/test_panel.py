"""A use on the page, made from its options alone: what a new one gets without a line of its own in ui/."""

from dataclasses import dataclass

import gradio as gr
import pytest
from PIL import ImageOps

from darkroom.uses import PicturesUse, Size, option, plain_options, seed_option
from singan.uses.start import start_scale_option
from ui.device import Device
from ui.drawing import Drawing
from ui.endpoints import documented, endpoint_of
from ui.links import Query, address
from ui.scenes.panel import Panel
from ui.share import Call


@dataclass(frozen=True)
class FewColours(PicturesUse["ScenePipeline"]):  # noqa: F821
    """Draw a sample in few colours."""

    bits: int = option(3, "of each colour that are kept", label="Bits", low=1, high=8, most=4)

    def draw(self, model):
        return (ImageOps.posterize(image, self.bits) for image in model.sample(1))

    def stem(self):
        return f"bits{self.bits}"


@dataclass(frozen=True)
class Everything(PicturesUse["ScenePipeline"]):  # noqa: F821
    """Has an option of every kind."""

    size: Size = option(label="Size", help="of it", low=16, high=64, unit="px", first=(32, 48))
    share: float = option(0.5, "of it", low=0, high=1)
    speed: float = option(10, "of it", low=1, high=60, link="v")
    tone: str = option("warm", "of it", choices=("warm", "cold"))
    framed: bool = option(True, "whether it is")
    start_scale: int = start_scale_option(1, "where it begins")
    border: int | None = option(None, "of it", low=1, high=3)
    seed: int = seed_option()


class OneScene:
    def __init__(self, scene):
        self.get = {"tiny": scene}.__getitem__


def panel_of(use, scene):
    with gr.Blocks():
        name, origin = gr.Dropdown(["tiny"], value="tiny"), gr.Textbox("")
        return Panel(use, Drawing(OneScene(scene), Device()), name, origin)


@pytest.fixture
def panel(tiny_scene):
    return panel_of(FewColours, tiny_scene)


def values_of(panel, **controls):
    """What the page sends."""
    first = {component: component.value for component in panel.inputs}
    return first | {panel.controls[name]: value for name, value in controls.items()}


def test_a_slider_is_a_slider_within_what_visitors_get(panel):
    (slider,) = panel.controls.values()
    assert isinstance(slider, gr.Slider) and (slider.minimum, slider.maximum, slider.value) == (1, 4, 3)
    assert (slider.label, slider.elem_id, panel.button.value) == ("Bits", "few-colours-bits", "Few-colours")


def test_it_draws_what_the_controls_say_and_says_how_to_do_it_again(panel):
    *_, drawn, said = panel.draw(values_of(panel, bits=2))
    assert "1 picture in" in drawn[panel.status] and len(drawn[panel.gallery]) == 1
    file, caption = drawn[panel.gallery][0]
    assert file.endswith("tiny_bits2_0000.png") and caption == "1 · 64 × 48"
    link = said[panel.share.link]
    assert link == "/?tab=scenes&scene=tiny&mode=few-colours&bits=2" and panel.share.code not in said
    assert panel.calls(Query.of(link)) == [Call("/few_colours_scene", {"scene": "tiny", "bits": 2})]
    assert panel.calls(Query.of("")) == []


def test_more_than_visitors_get_is_refused(panel):
    with pytest.raises(ValueError, match="bits is 5; allowed are 1 to 4"):
        list(panel.draw(values_of(panel, bits=5)))


def test_a_link_draws_only_the_panel_that_it_means(panel):
    assert list(panel.drawers) == ["few-colours"] and panel.keys == {"bits"}
    assert panel.read(Query({"bits": "2"})) == {panel.controls["bits"]: 2}
    query = Query({"bits": "9"})
    assert panel.read(query) == {panel.controls["bits"]: 3} and "bits is 9; allowed are 1 to 4" in query.ignored[0]


def test_its_endpoint_is_documented_by_its_options():
    handler = documented(lambda *_: iter(()), endpoint_of(FewColours, "scene"), "It.", plain_options(FewColours))
    assert handler.__name__ == "few_colours_scene" and handler.__doc__.endswith(
        "    bits: of each colour that are kept (1 to 4).\n"
    )


def test_every_kind_of_option_has_its_control_and_comes_back_from_a_link(tiny_scene):
    panel = panel_of(Everything, tiny_scene)
    kinds = {name: type(control).__name__ for name, control in panel.controls.items()}
    assert kinds == {
        "width": "Slider", "height": "Slider", "share": "Slider", "speed": "Slider", "tone": "Radio",
        "framed": "Checkbox", "start_scale": "Slider", "border": "Number", "seed": "Number",
    }  # fmt: skip
    first = {name: it.first for name, it in plain_options(Everything).items()}
    assert {name: control.value for name, control in panel.controls.items()} == first
    for changed in (
        Everything((20, 30), 0.25, 1.5, "cold", False, 0, 2, 2**40),
        Everything((64, 16), 1, 60, "warm", True, 3, None, 0),
    ):
        query = Query.of(address({"scene": "tiny", **changed.keys()}))
        assert Everything.served(panel.values_in(query)) == changed and not query.ignored
