"""Panels of the Scenes tab: what controls say is drawn, and comes back from a link."""

from dataclasses import dataclass

import gradio as gr
import numpy as np
import pytest
from PIL import Image, ImageOps

from darkroom.uses import PicturesUse, Size, option, plain_options, seed_option
from singan import ScenePipeline
from singan.importance import CELLS, Importance
from singan.uses import Retarget
from singan.uses.start import start_scale_option
from ui.device import Device
from ui.drawing import Drawing
from ui.endpoints import documented, endpoint_of
from ui.kept_pictures import keep, kept_by
from ui.links import Query, address
from ui.scenes.panel import Panel
from ui.scenes.sample import CHOSEN_MARK, toggled
from ui.scenes.sizes import DEVICES, REMARKS, DevicesPanel, summary


@dataclass(frozen=True)
class FewColours(PicturesUse["ScenePipeline"]):
    """Draw a sample in few colours."""

    bits: int = option(3, "of each colour that are kept", label="Bits", low=1, high=8, most=4)

    def draw(self, model):
        return (ImageOps.posterize(image, self.bits) for image in model.sample(1))

    def stem(self):
        return f"bits{self.bits}"


@dataclass(frozen=True)
class Everything(PicturesUse["ScenePipeline"]):
    """Has an option of every kind."""

    size: Size = option(label="Size", help="of it", low=16, high=64, unit="px", first=(32, 48))
    share: float = option(0.5, "of it", low=0, high=1)
    speed: float = option(10, "of it", low=1, high=60, link="v")
    tone: str = option("warm", "of it", choices=("warm", "cold"))
    framed: bool = option(True, "whether it is")
    start_scale: int = start_scale_option(1, "where it begins")
    border: int | None = option(None, "of it", low=1, high=3)
    seed: int = seed_option()


class AllControls(Panel):
    title = action = "Draw"

    def lay_out_controls(self):
        self.controls.lay_out(*plain_options(self.use))


class FewColoursPanel(AllControls):
    use, name = FewColours, "few-colours"


class EverythingPanel(AllControls):
    use, name = Everything, "everything"


class OneScene:
    def __init__(self, scene):
        self.get = {"tiny": scene}.__getitem__


def panel_of(kind, scene):
    with gr.Blocks():
        name, origin = gr.Dropdown(["tiny"], value="tiny"), gr.Textbox("")
        return kind(Drawing(OneScene(scene), Device()), name, origin)


@pytest.fixture
def panel(tiny_scene):
    return panel_of(FewColoursPanel, tiny_scene)


def values_of(panel, **controls):
    """What the page sends."""
    first = {component: component.value for component in panel.inputs}
    return first | {panel.controls[name]: value for name, value in controls.items()}


def captions_in(drawn, panel):
    return [picture["caption"] for picture in drawn[panel.pictures.gallery].value]


def test_it_draws_what_the_controls_say_and_says_how_to_do_it_again(panel):
    (slider,) = panel.controls.values()
    assert (slider.minimum, slider.maximum, slider.value, slider.elem_id) == (1, 4, 3, "few-colours-bits")
    *_, drawn, said = panel.run(values_of(panel, bits=2))
    assert "1 picture in" in drawn[panel.status]
    (file,) = drawn[panel.pictures.files]
    assert file.endswith("tiny_bits2_0000.png") and captions_in(drawn, panel) == ["1 · 64 × 48"]
    assert said[panel.share.link] == "/?tab=scenes&scene=tiny&mode=few-colours&bits=2"
    assert "scene='tiny',\n    bits=2,\n    api_name=\"/few_colours_scene\"" in said[panel.share.code]
    with pytest.raises(ValueError, match="bits is 5; allowed are 1 to 4"):
        list(panel.run(values_of(panel, bits=5)))


def test_a_link_sets_the_controls_of_its_panel(panel):
    assert list(panel.runs) == ["few-colours"]
    assert panel.read(Query({"bits": "2"})) == {panel.controls["bits"]: 2}
    query = Query({"bits": "9"})
    assert panel.read(query) == {panel.controls["bits"]: 3} and "bits is 9; allowed are 1 to 4" in query.ignored[0]


def test_its_endpoint_is_documented_by_its_options():
    handler = documented(lambda *_: iter(()), endpoint_of(FewColours, "scene"), "It.", plain_options(FewColours))
    assert handler.__name__ == "few_colours_scene" and handler.__doc__.endswith(
        "    bits: of each colour that are kept (1 to 4).\n"
    )


def test_every_kind_of_option_has_its_control_and_comes_back_from_a_link(tiny_scene):
    panel = panel_of(EverythingPanel, tiny_scene)
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
        values = panel.read(query)
        read = {name: values[control] for name, control in panel.controls.items()}
        assert Everything.served(read) == changed and not query.ignored


def test_captions_and_the_status_tell_what_was_cropped_for_a_device(tiny_scene):
    full = ScenePipeline(tiny_scene.pyramid, tiny_scene.train_config)
    full.importance = Importance(np.ones((CELLS, CELLS), bool), np.ones((CELLS, CELLS), np.float32))
    panel = panel_of(DevicesPanel, full)
    *_, drawn, said = panel.run(values_of(panel, mode="fit", enlarge=False, seed=2))
    cropped, _, enlarged = (text for _, _, text in REMARKS)
    assert cropped in drawn[panel.status] and enlarged not in drawn[panel.status]
    captions = dict(zip(DEVICES, captions_in(drawn, panel), strict=True))
    assert captions["Phone 9:19.5"].startswith("Phone 9:19.5 (cropped) · ")
    assert captions["Tablet 4:3"].startswith("Tablet 4:3 · ")  # the photograph's own shape
    assert said[panel.share.link] == "/?tab=scenes&scene=tiny&mode=devices&layout=fit&seed=2&enlarge=0"
    assert said[panel.share.code].count("/retarget_scene") == 7
    notes = [Retarget(size, "fit").note(full) for size in [(20, 60), (30, 90), (64, 48), (640, 480)]]
    assert summary(notes) == f"{cropped}; {enlarged}" and summary(notes[:3]) == cropped
    assert summary(notes[2:3]) is None


def test_a_picture_is_marked_and_not_any_more():
    pictures = [("a.png", "1 · 4 × 4"), ("b.png", "2 · 4 × 4")]
    marked = toggled(pictures, 1)
    assert marked == [pictures[0], ("b.png", f"{CHOSEN_MARK}2 · 4 × 4")] and toggled(marked, 1) == pictures


def test_a_picture_of_a_link_has_one_name_and_comes_back_to_the_byte():
    with gr.Blocks() as page:
        component = gr.Textbox()
    kept, one = kept_by(component), Image.effect_noise((40, 30), 60).convert("RGB")
    name = keep(one, component)
    assert keep(one.copy(), component) == name and keep(one.rotate(180), component) != name
    assert kept(name).tobytes() == one.tobytes()
    (file,) = (file for files in page.temp_file_sets for file in files if name in file)  # Gradio clears those
    assert file.endswith(f"{name}/image.png")
    for unknown in ("0" * 64, "x", "../x", name.upper()):
        with pytest.raises(ValueError, match="there is no picture"):
            kept(unknown)
