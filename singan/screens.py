"""The screens that people have, lists of them as they are typed, and few words for what is said of their pictures."""

from darkroom.checks import echo
from darkroom.uses import Size, read_size
from singan.config import MAX_OUTPUT, MAX_PRINT_PIXELS, check_output
from singan.prints import CONTINUED, CROPPED

SCREENS = {  # by (width, height), px
    (1170, 2532): "Phone", (1080, 2400): "Phone", (1080, 1920): "Story", (1080, 1080): "Square",
    (2048, 1536): "Tablet", (1536, 2048): "Tablet", (1920, 1080): "Desktop", (2560, 1440): "Desktop",
    (3840, 2160): "Desktop", (3440, 1440): "Ultrawide", (1500, 500): "Banner", (1200, 630): "Web",
}  # fmt: skip
FIRST_SCREENS = ["1170x2532", "1080x1920", "1080x1080", "2048x1536", "1920x1080", "1200x630", "1500x500"]
REMARKS = {CROPPED: "cropped", CONTINUED: "continued", "detail is invented": "enlarged"}  # by a part of a note


def read_screens(text: str) -> tuple[Size, ...]:
    """Return the sizes, each once, that a list with commas names: WIDTHxHEIGHT in px, or a device with all of its own.

    Raises ValueError.
    """
    found: dict[Size, None] = {}
    for word in (part.strip().lower() for part in text.split(",")):
        if size := read_size(word):
            check_output(size, MAX_OUTPUT, MAX_PRINT_PIXELS)
            found[size] = None
        elif own := [size for size, device in SCREENS.items() if device.lower() == word]:
            found |= dict.fromkeys(own)
        else:
            devices = ", ".join(dict.fromkeys(SCREENS.values())).lower()
            raise ValueError(f"{echo(word)} is no screen; allowed are WIDTHxHEIGHT in px, and {devices}")
    return tuple(found)


def short_note(note: str | None) -> str:
    """Return a few words for a note on a print; an empty text for none."""
    return ", ".join(word for said, word in REMARKS.items() if said in (note or ""))
