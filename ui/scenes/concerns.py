"""What the page says of a picture that the method is known to fail on: why, what to expect, what to do instead."""

from __future__ import annotations

from singan.suitability import Kind

MESSAGES: dict[Kind, str] = {
    "face": (
        "This looks like a face. The method knows patches, not what they show: eyes and mouths will come out in the "
        "wrong places; landscapes, textures and crowds of like things work."
    ),
    "text": (
        "This looks like a picture with writing. The method knows patches, not letters: words will come out as "
        "scribble; a crop without writing, a landscape or a texture works."
    ),
    "object": (
        "This looks like one object on a plainer background. The method knows patches, not what they show: the object "
        "will come out in pieces, unless a start scale of 2 or more keeps its layout; landscapes, textures and crowds "
        "of like things work."
    ),
    "detail": (
        "This picture repeats little of itself: what the networks draw alone will be less coherent than of most "
        "pictures. Prints mend most of that, and a start scale of 1 or 2 keeps the layout."
    ),
}
