"""Panels of the Scenes tab: what controls say is drawn, and comes back from a link."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl

import gradio as gr
import numpy as np
import pytest
from PIL import Image, ImageOps

from darkroom.uses import PicturesUse, Size, option, plain_options, seed_option
from singan import ScenePipeline
from singan.importance import CELLS, Importance
from singan.prints import CROPPED
from singan.screens import FIRST_SCREENS
from singan.uses.start import start_scale_option
from ui.device import Device
from ui.drawing import Drawing
from ui.links import Query, address
from ui.results import ResultStore
from ui.scenes.panel import Panel
from ui.scenes.sizes import VERSIONS, DevicesPanel


@dataclass(frozen=True)
class FewColours(PicturesUse["ScenePipeline"]):
    """Draw a sample in few colours; has an option of every kind."""

    size: Size = option(label="Size", help="of it", low=16, high=64, unit="px", first=(32, 48))
    bits: int = option(3, "of each colour that are kept", label="Bits", low=1, high=8, most=4)
    speed: float = option(10, "of it", low=1, high=60, link="v")
    tone: str = option("warm", "of it", choices=("warm", "cold"))
    framed: bool = option(True, "whether it is")
    start_scale: int = start_scale_option(1, "where it begins")
    border: int | None = option(None, "of it", low=1, high=3)
    seed: int = seed_option()

    def draw(self, model):
        return (ImageOps.posterize(image, self.bits) for image in model.sample(1))

    def drawn_size(self, model):
        return self.size

    def stem(self):
        return f"bits{self.bits}"


class FewColoursPanel(Panel):
    use, name = FewColours, "few-colours"
    title = action = "Draw"

    def lay_out_controls(self):
        self.controls.lay_out(*plain_options(self.use))


def panel_of(kind, scene):
    with gr.Blocks():
        name, origin = gr.Dropdown(["tiny"], value="tiny"), gr.Textbox("")
        return kind(Drawing(SimpleNamespace(get={"tiny": scene}.__getitem__), Device()), name, origin, ResultStore())


@pytest.fixture
def panel(tiny_scene):
    return panel_of(FewColoursPanel, tiny_scene)


def values_of(panel, **controls):
    """Return what the page sends."""
    first = {component: component.value for component in panel.inputs}
    return first | {panel.controls[name]: value for name, value in controls.items()}


def captions_in(drawn, panel):
    return [picture["caption"] for picture in drawn[panel.pictures.gallery].value]


def test_it_draws_what_the_controls_say_and_says_how_to_do_it_again(panel):
    slider = panel.controls["bits"]
    assert (slider.minimum, slider.maximum, slider.value, slider.elem_id) == (1, 4, 3, "few-colours-bits")
    *_, drawn = panel.run(values_of(panel, bits=2))
    assert "1 picture in" in drawn[panel.status]
    (file,) = drawn[panel.pictures.files]
    assert file.endswith("tiny_bits2_0000.png") and captions_in(drawn, panel) == ["1 · 64 × 48"]
    assert drawn[panel.link_and_code.link].startswith("/?tab=scenes&scene=tiny&mode=few-colours&size=32x48&bits=2&")
    code = drawn[panel.link_and_code.code]
    assert "scene='tiny',\n    width=32,\n    height=48,\n" in code and 'api_name="/few_colours_scene"' in code
    with pytest.raises(ValueError, match="bits is 5; allowed are 1 to 4"):
        list(panel.run(values_of(panel, bits=5)))


def test_an_older_drawing_of_the_page_ends_where_another_begins_and_changes_nothing(panel):
    drawn, heard = [], []

    def slowly(values):
        for step in range(3):
            drawn.append(step)
            yield {panel.status: step}

    panel.run_after(lambda answer, *_, **__: heard.append(answer), slowly)
    (answer,), request = heard, SimpleNamespace(session_hash="page")
    older, elsewhere = answer({}, request), answer({}, SimpleNamespace(session_hash="other page"))
    assert next(older) == next(elsewhere) == {panel.status: 0}
    assert list(answer({}, request)) == [{panel.status: step} for step in range(3)]
    drawn.clear()
    assert list(older) == [{panel.status: gr.skip()}] and drawn == [1]  # What it would draw beyond is not drawn.
    assert next(elsewhere) == {panel.status: 1}


def test_every_kind_of_option_has_its_control_and_comes_back_from_a_link(panel):
    assert list(panel.runs) == ["few-colours"]
    kinds = [type(control).__name__ for control in panel.controls.values()]
    assert kinds == [*["Slider"] * 4, "Radio", "Checkbox", "Slider", "Number", "Number"]
    first = {name: it.first for name, it in plain_options(FewColours).items()}
    assert {name: control.value for name, control in panel.controls.items()} == first
    for changed in (
        FewColours((20, 30), 2, 1.5, "cold", False, 0, 2, 2**40),
        FewColours((64, 16), 4, 60, "warm", True, 3, None, 0),
    ):
        query = Query(dict(parse_qsl(address({"scene": "tiny", **changed.keys()})[1:])))
        values = panel.read(query)
        read = {name: values[control] for name, control in panel.controls.items()}
        assert FewColours.served(read) == changed and not query.ignored
    query = Query({"bits": "9"})
    assert panel.read(query)[panel.controls["bits"]] == 3 and "bits is 9; allowed are 1 to 4" in query.ignored[0]


def test_captions_and_the_status_tell_what_was_cropped_for_a_device(tiny_scene):
    full = ScenePipeline(tiny_scene.pyramid, tiny_scene.train_config)
    full.importance = Importance(np.ones((CELLS, CELLS), bool), np.ones((CELLS, CELLS), np.float32))
    panel = panel_of(DevicesPanel, full)
    *_, drawn = panel.run(values_of(panel, mode="fit", enlarge=False, seed=2))
    assert CROPPED in drawn[panel.status]
    captions = dict(zip(FIRST_SCREENS, captions_in(drawn, panel), strict=True))
    assert captions["1170x2532"] == "Phone · 38 × 82 · cropped"
    assert captions["2048x1536"] == "Tablet · 64 × 48"  # the photograph's own shape
    assert drawn[panel.link_and_code.link] == "/?tab=scenes&scene=tiny&mode=devices&layout=fit&seed=2&enlarge=0"
    assert drawn[panel.link_and_code.code].count("/retarget_scene") == 7


def test_screens_are_drawn_once_each_in_its_version_which_the_link_says(tiny_scene, tmp_path):
    panel = panel_of(DevicesPanel, tiny_scene)
    values = values_of(panel, enlarge=True) | {panel.offered_screen: ""}
    values[panel.screens] = ["96x48", " 90 \u00d7 200", "48*96", "96X48"]  # as people type them

    def drawn():
        """Draw, and keep what is shown, as the page does; return the status, the files' names and bytes, the link."""
        for updates in panel.run(values):
            if updates.get(panel.made):
                shown, files = updates, [Path(file) for file in updates[panel.pictures.files]]
                for file in files:
                    if file.parent != tmp_path:
                        shutil.copy(file, tmp_path)
                values[panel.pictures.files] = [str(tmp_path / file.name) for file in files]
                gallery = shown[panel.pictures.gallery].value
        values[panel.pictures.gallery] = [(it["image"]["path"], it["caption"]) for it in gallery]
        values[panel.made] = shown[panel.made]
        found = [(Path(file).name, Path(file).read_bytes()) for file in values[panel.pictures.files]]
        return re.sub("<.*?>", "", shown[panel.status]), found, updates[panel.link_and_code.link]

    status, files, _ = drawn()
    assert "3 pictures in" in status
    assert [name for name, _ in files] == ["tiny_96x48.jpg", "tiny_90x200.jpg", "tiny_48x96.jpg"]
    *_, offered = panel.offer_versions(values, SimpleNamespace(index=2))
    assert len(offered[panel.versions].value) == len(VERSIONS)
    values |= {panel.offered_screen: "48x96", panel.offered: list(VERSIONS)}
    values |= panel.take_version(values, SimpleNamespace(index=list(VERSIONS).index("crop")))
    status, again, link = drawn()
    assert "1 picture in" in status and again[:2] == files[:2] and again[2] != files[2]
    assert link.endswith("&screens=96x48,90x200,48x96~crop")
    assert values[panel.pictures.gallery][2][1] == "Own · 48 × 96 · plainly cropped"
    read = panel.read(Query(dict(parse_qsl(link[2:]))))
    assert read[panel.screens] == ["96x48", "90x200", "48x96"]
    assert read[panel.chosen] == {"scene": "tiny", "48x96": "crop"}
    values[panel.screens] = ["48x96", "96x48"]  # the other way round, and one less: nothing is drawn
    status, rest, _ = drawn()
    assert status == "2 pictures" and rest == [again[2], again[0]]


def test_links_to_one_size_open_and_what_is_no_screen_is_told(tiny_scene):
    panel = panel_of(DevicesPanel, tiny_scene)
    query = Query({"mode": "keep", "size": "96x40", "seed": "3", "start": "2", "enlarge": "0"})
    values = values_of(panel) | panel.read(query)
    (use,) = panel.uses(values)
    assert (use.size, use.mode, use.seed, use.start_scale, use.enlarge) == ((96, 40), "keep", 3, 2, False)
    for text, said in (
        ("wide", "'wide' is no screen; WIDTHxHEIGHT in px is needed, for example 1200x800"),
        ("50x5000", "height is 5000; allowed are 16 to 4096"),
        ("50x50~round", "version 'round' of 50x50 is unknown; allowed are less, closer, extended, seed:SEED, crop"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=said):
            panel.uses(values | {panel.screens: [text]})
        query = Query({"screens": f"{text},40x40"})
        assert panel.read(query)[panel.screens] == FIRST_SCREENS and said in query.ignored[0]


def test_a_picture_of_a_link_has_one_name_and_comes_back_to_the_byte(panel):
    one = Image.effect_noise((40, 30), 60).convert("RGB")
    name = panel.keep(one)
    assert panel.keep(one.copy()) == name and panel.keep(one.rotate(180)) != name
    assert panel.kept(name).tobytes() == one.tobytes()
    assert any(file.endswith(f"{name}/image.png") for file in panel.scene.temp_files)  # Gradio clears those.
    for unknown in ("0" * 64, "../x"):
        with pytest.raises(ValueError, match="there is no picture"):
            panel.kept(unknown)


def test_an_empty_number_field_comes_as_0_and_is_no_value(panel):
    (use,) = panel.uses(values_of(panel, border=0))
    assert use.border is None
    assert panel.controls["border"].preprocess(0) == 0  # Gradio does not refuse it
