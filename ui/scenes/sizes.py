"""The panel of every screen: a photograph in the shapes of all of one's devices, each in the version that one likes."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import gradio as gr
from PIL import Image

from darkroom.checks import check_range, echo
from darkroom.uses import SIDES, Size, options, pixels, plain_options, size_key
from singan.enlarge import sized
from singan.screens import FIRST_SCREENS, SCREENS, short_note
from singan.uses import Retarget
from singan.uses.retarget import MODES
from ui.drawing import Result, zipped
from ui.links import Query, address, read_option
from ui.reports import Report, passing_folder
from ui.scenes.canvas import CanvasPanel
from ui.scenes.panel import Pictures
from ui.visitors import display_name
from ui.wiring import CHOSEN_FILE, QUIET, STORAGE_KEY, Updates, Values

OFFER_PIXELS = 150_000  # of a version to choose from
VERSIONS: dict[str, tuple[str, dict[str, float]]] = {  # by their keys in links: a label, and options of Retarget
    "": ("as found", {}),
    "less": ("less deformed", {"deform": 0.1}),
    "closer": ("more cropped", {"crop": 0.9, "extend": 0.1}),
    "extended": ("extended", {"crop": 0, "extend": 1}),
    "seed": ("another try", {}),
    "crop": ("plainly cropped", {"crop": 1, "extend": 0, "deform": 0}),
}
VERSIONS_ALLOWED = "allowed are less, closer, extended, seed:SEED, crop and crop:X:Y"
VERSION = re.compile(r"(seed(:\d+)?|(less|closer|extended|crop)(:\d+(\.\d+)?){0,2})?", re.A)


@dataclass(frozen=True)
class Screen:
    """Name a size to fit a photograph to, and a version: a key of VERSIONS, or crop:X:Y or seed:SEED."""

    size: Size
    version: str = ""

    @classmethod
    def read(cls, text: str) -> "Screen":
        """Read WIDTHxHEIGHT, as people type it, or WIDTHxHEIGHT~VERSION, as links write it. Raises ValueError."""
        size, _, version = text.partition("~")
        found = re.fullmatch(r"\s*(\d{1,5})\s*[x\u00d7*]\s*(\d{1,5})\s*", size, re.I | re.A)
        if not found:
            raise ValueError(f"{echo(text)} is no screen; WIDTHxHEIGHT in px is needed, for example 1200x800")
        if not VERSION.fullmatch(version):
            raise ValueError(f"version {echo(version)} of {size} is unknown; {VERSIONS_ALLOWED}")
        known, sides = plain_options(Retarget), zip(SIDES, map(int, found.groups()), strict=True)
        width, height = (known[name].checked(side, served=True) for name, side in sides)
        return cls((width, height), version)

    @property
    def key(self) -> str:
        return size_key(self.size)

    @property
    def link(self) -> str:
        return f"{self.key}~{self.version}" if self.version else self.key

    @property
    def label(self) -> str:
        return " · ".join(filter(None, [SCREENS.get(self.size), pixels(self.size)]))

    @property
    def version_label(self) -> str:
        return VERSIONS[self.version.partition(":")[0]][0]

    def wishes(self, mode: str) -> dict[str, Any]:
        """Return the fields of Retarget that its version sets in a mode."""
        key, *numbers = self.version.split(":")
        if key == "seed":
            return {"seed": int(numbers[0])} if numbers else {}
        focus = {"focus": ",".join(numbers)} if numbers else {}
        return VERSIONS[key][1] | focus if mode == "fit" else {}


class DevicesPanel(CanvasPanel):
    """Fit the photograph to every screen of a list, and show other versions of the one that is clicked on.

    What is shown already is not drawn again. Not enlarged, known screens get the area of the trained picture. The mode
    has the key `layout` in links; those to one size, whose mode is Retarget's, are read as well.
    """

    use, name, title, action = Retarget, "devices", "Every screen", "Make them all"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.runs |= dict.fromkeys(MODES, self.run)
        # What is typed is no input to Gradio, and it tells what is selected a moment before that is the value.
        selected = self.screens.select(None, None, None, js="() => new Promise((done) => setTimeout(done))", **QUIET)
        chosen = selected.then(None, self.screens, self.mine, js="(now) => [now]", **QUIET)
        asked = self.inputs | {self.offered_screen}
        offered = [self.offer, self.offered_screen, self.offered, self.versions, self.focal]
        self.pictures.gallery.select(self.offer_versions, asked, offered, **CHOSEN_FILE)
        taken = self.versions.select(self.take_version, asked | {self.offered}, [self.chosen], **QUIET)
        pointed = self.focal.select(self.crop_at, asked | {self.focal}, [self.chosen], **QUIET)
        self.scene.change(self._close, None, [self.offer, self.offered_screen], queue=False, **QUIET)
        for event in (chosen, taken, pointed, self.format.input):
            self.run_after(getattr(event, "success", event), trigger_mode="multiple")  # while the last is drawn, too

    def lay_out_controls(self) -> None:
        choices = [(Screen(size).label, Screen(size).key) for size in SCREENS]
        self.screens = gr.Dropdown(
            choices, value=FIRST_SCREENS, multiselect=True, allow_custom_value=True, label="Screens", elem_id="screens",
            info="Add others from the list, or type a size of your own, such as 1200x800.",
        )  # fmt: skip
        self.mine = gr.BrowserState([], storage_key="darkroom-screens", secret=STORAGE_KEY)
        with gr.Accordion("Keep something whole", open=False) as keeping:
            self.lay_out_canvas("Paint over what must stay", height=360)
            self.lay_over_photograph(keeping.expand)
        self.format = gr.Radio(
            [("JPEG", ".jpg"), ("PNG", ".png")], value=".jpg", label="Files", elem_id="devices-format"
        )
        with gr.Accordion("Advanced", open=False):
            words = ("Keep subjects whole", "Keep the layout", "Rearrange")
            first = options(Retarget)["mode"].first
            choices = list(zip(words, MODES, strict=True))
            self.controls["mode"] = gr.Radio(choices, value=first, label="Mode", elem_id="devices-mode")
            self.controls.lay_out("enlarge", "seed", "start_scale", "protect")
        self.chosen = gr.JSON({}, visible=False)  # by a screen's key, its version; and the `scene` that they are for
        self.inputs |= {self.screens, self.format, self.chosen}

    def lay_out_results(self) -> list[Any]:
        self.made = gr.JSON([], visible=False)  # each picture's screen, by its key, and what it was made of
        self.pictures = Pictures(self.name)
        with gr.Column(visible=False) as self.offer:
            self.offered_screen = gr.Textbox(visible=False)  # the key of the screen whose versions are offered
            self.offered = gr.JSON([], visible=False)  # those versions, as `Screen` has them
            self.versions = gr.Gallery(
                label="Choose another version", object_fit="contain", height="auto", allow_preview=False, format="jpeg",
                interactive=False, elem_id="devices-versions", elem_classes="tiles small", buttons=[],
            )  # fmt: skip
            self.focal = gr.Image(
                label="Plainly cropped: click on what is to be in the middle", type="filepath", format="jpeg",
                height=260, interactive=False, buttons=[], elem_id="devices-focal",
            )  # fmt: skip
        self.inputs |= {self.made, self.pictures.gallery, self.pictures.files}
        return [self.made, *self.pictures.components]

    def run_link_after(self, event: Any, mode: gr.Textbox) -> Any:
        linked = f'{[*self.runs]}.includes(new URLSearchParams(location.search).get("mode"))'
        remembered = f"(mine, now) => [mine?.length && !{linked} ? mine : now]"
        chosen = event(None, [self.mine, self.screens], self.screens, js=remembered, **QUIET)
        return super().run_link_after(chosen.then, mode)

    def _screens(self, values: Values) -> list[Screen]:
        """Return the screens in their versions. Raises ValueError."""
        chosen = values[self.chosen] or {}
        versions = chosen if chosen.get("scene") == values[self.scene] else {}
        sizes = dict.fromkeys(Screen.read(text).size for text in values[self.screens] or [])
        check_range("number of screens", len(sizes), 1, self.limits.screens)
        return [Screen.read(f"{key}~{versions.get(key) or ''}") for key in map(size_key, sizes)]

    def uses(self, values: Values) -> list[Retarget]:
        return [self._use(screen, values) for screen in self._screens(values)]

    def _use(self, screen: Screen, values: Values, most: int | None = None) -> Retarget:
        """Return what draws a screen. most: pixels of a small picture to choose by."""
        asked, size = self.controls.plain(values), screen.size
        if most:
            size = sized(size, min(most, size[0] * size[1]))
        elif not asked["enlarge"] and size in SCREENS:
            size = self.drawing.models.get(values[self.scene]).size_of(size[0] / size[1])
        given: dict[str, Any] = {"protect": None}
        if asked["mode"] == "fit":
            given = {"start_scale": None, "protect": asked["protect"] or self.marked(values)}
        wished = {"focus": None, "crop": None, "extend": None, "deform": None} | screen.wishes(asked["mode"])
        sides = dict(zip(SIDES, size, strict=True))
        return Retarget.served({**asked, "count": 1, **sides, **wished, **given})  # type: ignore[no-any-return]

    def run(self, values: Values) -> Iterator[Updates]:
        """Draw all screens, but for what is shown already."""
        uses, name, suffix = self.uses(values), values[self.scene], values[self.format]
        scene, screens = self.drawing.models.get(name), self._screens(values)
        sources, there = [_drawn_from(use, name, suffix) for use in uses], self._there(values)
        pictures = {n: there[source] for n, source in enumerate(sources) if source in there}  # shown, and its file
        new = [n for n in range(len(uses)) if n not in pictures]
        archive, captions = f"{display_name(name)}_screens", list[str]()
        if new:
            stems = [archive, *(_stem(name, screens[n], uses[n]) for n in new)]
            results = self.drawing.draw_all([uses[n] for n in new], scene, name, stems, suffix)
        else:
            shown, files = map(list, zip(*pictures.values(), strict=True))
            results = iter([Result(Report(f"{len(files)} picture{'s' * (len(files) > 1)}"), files, None, shown)])
        for result in results:
            if not result.shown:
                yield {self.status: result.report.html()}
                continue
            pictures |= dict(zip(new, zip_longest(result.shown, result.files, fillvalue=""), strict=False))
            # Now that drafts have been made, all that captions say has been found.
            captions = captions or [_caption(*each, scene) for each in zip(screens, uses, strict=True)]
            order = sorted(pictures)
            with passing_folder() as folder:
                files = [pictures[n][1] for n in order] if result.files else []  # They come when all is drawn.
                packed = zipped(files, f"{folder}/{archive}.zip") if files else None
                merged = Result(result.report, files, packed, [pictures[n][0] for n in order])
                made = [[screen.key, source] for screen, source in zip(screens, sources, strict=True)] if files else []
                changed = self.pictures.show(merged, [captions[n] for n in order])
                linked = self.show_link(uses, values) if files else {}
                yield {self.status: result.report.html(), **changed, self.made: made, **linked}

    def _there(self, values: Values) -> dict[str, tuple[str, str]]:
        """Return what is shown of each picture, and its file, by what it was made of."""
        sources = [source for _, source in values[self.made] or []]
        pictures = [shown for shown, _ in values[self.pictures.gallery] or []]
        return dict(zip(sources, zip(pictures, values[self.pictures.files] or [], strict=False), strict=False))

    def _screen_of(self, key: str, values: Values) -> Screen:
        return next((screen for screen in self._screens(values) if screen.key == key), Screen.read(key))

    def offer_versions(self, values: Values, clicked: gr.SelectData) -> Iterator[Updates]:
        """Show small pictures of the versions of a screen."""
        if not values[self.made]:
            yield {self.offered_screen: gr.skip()}
            return
        name, (key, _) = values[self.scene], values[self.made][clicked.index]
        screen = self._screen_of(key, values)
        versions = _offered(screen, values[self.controls["mode"]], values[self.controls["seed"]])
        screens = [replace(screen, version=version) for version in versions]
        uses = [self._use(it, values, OFFER_PIXELS) for it in screens]
        opened: Updates = {self.offer: gr.Column(visible=True), self.offered_screen: key, self.offered: versions}
        if not values[self.offered_screen]:
            opened[self.focal] = self.photograph(name)
        stems = ["versions", *map(str, range(len(uses)))]
        for result in self.drawing.draw_all(uses, self.drawing.models.get(name), name, stems, ".jpg"):
            if result.shown:
                labels = [it.version_label.capitalize() for it in screens]
                pictures = list(zip(result.shown, labels, strict=False))
                label = f"{screen.label}: choose another version"
                yield opened | {self.versions: gr.Gallery(pictures, label=label, selected_index=None)}
                opened = {}

    def _close(self) -> Updates:
        return {self.offer: gr.Column(visible=False), self.offered_screen: ""}

    def take_version(self, values: Values, clicked: gr.SelectData) -> Updates:
        return self._choose(values, values[self.offered][clicked.index])

    def crop_at(self, values: Values, clicked: gr.SelectData) -> Updates:
        with Image.open(values[self.focal]) as picture:
            x, y = (at / side for at, side in zip(clicked.index, picture.size, strict=True))
        return self._choose(values, f"crop:{x:.2f}:{y:.2f}")

    def _choose(self, values: Values, version: str) -> Updates:
        chosen = {"scene": values[self.scene]} | {it.key: it.version for it in self._screens(values)}
        return {self.chosen: chosen | {values[self.offered_screen]: version}}

    def show_link(self, uses: Sequence[Retarget], values: Values, **keys: Any) -> Updates:
        links = [screen.link for screen in self._screens(values)]
        keys |= {"seed": values[self.controls["seed"]], "screens": None if links == FIRST_SCREENS else ",".join(links)}
        return super().show_link(uses, values, **keys)

    def link(self, use: Retarget, name: str) -> dict[str, Any]:
        asked = {"layout": use.mode, "seed": use.seed, "enlarge": use.enlarge, "start": use.start_scale}
        given = {"protect": self.keep(use.protect)} if use.protect else {}
        return {"tab": "scenes", "scene": name, "mode": self.name, **asked, **given}

    def read(self, query: Query) -> Updates:
        known, mode = options(Retarget), query.read("mode", "", str)
        one = mode in MODES  # of the links to one size
        layout = query.choice("layout", mode if one else known["mode"].first, MODES)
        keys = ("enlarge", "seed", "start_scale", *(["size"] if one else []))
        others = {key: read_option(query, known[key]) for key in keys}
        known_screens, most = [*map(Screen.read, FIRST_SCREENS)], self.limits.screens
        screens = query.read("screens", known_screens, lambda text: [*map(Screen.read, text.split(",")[:most])])
        screens = [Screen(others.pop("size"))] if one else screens
        versions = {it.key: it.version for it in screens if it.version}
        chosen = versions | {"scene": query.read("scene", "", str)} if versions else {}
        protect = query.read("protect", None, self.kept)
        said = self.controls.showing({"mode": layout, "protect": protect, **others})
        return said | {self.screens: [it.key for it in screens], self.chosen: chosen}


def _offered(screen: Screen, mode: str, seed: int) -> list[str]:
    """Return the versions of a screen to choose from; another try has the seed after the one that it has now."""
    now = screen.wishes(mode).get("seed", seed)
    keys = VERSIONS if mode == "fit" else ["", "seed"]
    return [f"seed:{now + 1}" if key == "seed" else key for key in keys]


def _drawn_from(use: Retarget, name: str, suffix: str) -> str:
    """Return all that a picture depends on."""
    protect = hashlib.sha256(use.protect.tobytes()).hexdigest() if use.protect else ""
    return f"{name}{suffix}{address(use.keys())}{protect}"


def _stem(name: str, screen: Screen, use: Retarget) -> str:
    """Return a file's name: of the photograph, the device and its pixels."""
    device = SCREENS.get(screen.size, "").lower()
    return "_".join(filter(None, [display_name(name), device, size_key(use.size)]))


def _caption(screen: Screen, use: Retarget, scene: Any) -> str:
    words = [screen.version_label if screen.version else "", short_note(use.note(scene))]
    device = SCREENS.get(screen.size, "Own")
    return " · ".join(filter(None, [device, pixels(use.size), ", ".join(filter(None, words))]))
