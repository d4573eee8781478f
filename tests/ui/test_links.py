"""Links: what is written is read back, and what cannot be read is named."""

import random
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import pytest
import torch

import singan.uses
from darkroom.seeds import MAX_SEED
from darkroom.uses import Option, options
from dcgan.latent import snapped
from dcgan.recipe import MAX_INDEX, Recipe, face_token, read_face
from dcgan.uses import Morph, Sample
from ui.device import Device
from ui.faces.handlers import FaceHandlers
from ui.faces.link import Opened, gallery_keys, in_order, index_in, link_keys, read_link
from ui.links import MAX_BROWSER_SEED, Query, address, read_option
from ui.page import tab_meant


def parsed(link: str) -> dict[str, str]:
    """The parameters as a browser sends them."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(link).query, strict_parsing=True).items()}


def any_recipe(rng: random.Random) -> Recipe:
    names = rng.sample(["smiling", "blond_hair", "pc1", "pc10", "age"], rng.randrange(4))
    moves = {name: rng.choice([1.5, -2.0, 0.1, -10.0, rng.uniform(-10, 10)]) for name in names}
    if rng.random() < 0.5:
        truncation, variety = (rng.choice([0.0, 1.0, rng.random()]) for _ in range(2))
        return Recipe(rng.randrange(MAX_SEED), rng.randrange(MAX_INDEX), truncation, moves, variety=variety)
    return Recipe(moves=moves, z=tuple(torch.randn(rng.choice([1, 64, 100])).tolist()))


def test_any_face_comes_back_exactly_and_briefly():
    torch.manual_seed(0)
    rng = random.Random(0)
    for _ in range(200):
        recipe = any_recipe(rng)
        token = face_token(recipe)
        assert read_face(token) == recipe
        query = Query(parsed(address({"face": token})))
        assert query.read("face", None, read_face) == recipe and not query.ignored
    for z in snapped(torch.randn(20, 64).clamp(-3.9, 3.9)).tolist():  # on the grid, so short
        recipe, beyond = Recipe(z=tuple(z)), Recipe(z=(*z[:-1], 4.0))
        token = face_token(recipe)
        assert token.startswith("q") and len(token) <= 90 and read_face(token) == recipe
        assert face_token(beyond).startswith("z") and read_face(face_token(beyond)) == beyond
    assert face_token(Recipe(7, 3, 0.8, {"smiling": 1.5, "pc1": -2.0})) == "7.3.0.8~smiling=1.5~pc1=-2"
    assert read_face("7.3.1") == Recipe(7, 3) and read_face("7.3.0.8") == Recipe(7, 3, 0.8)  # older links, too
    assert address({"face": "7.3.0.8~smiling=1.5"}) == "?face=7.3.0.8~smiling=1.5"


def test_damaged_tokens_are_refused():
    for token, message in (
        ("7.3", "SEED.INDEX.TRUNCATION is needed"),
        ("x.3.1", "a seed is needed"),
        ("-1.3.1", "seed is -1"),
        ("7.3.nan", "truncation is nan"),
        ("7.3.1vx", "a variety is needed"),
        ("7.3.1~smiling=big", "a number for smiling is needed"),
        ("7.3.1~smiling=11", "allowed are -10"),
        ("q", r"z is \[\]; a list"),
        ("z!!!!", "cut off or altered"),
        ("zAADAfw", "is nan"),
    ):
        with pytest.raises(ValueError, match=message):
            read_face(token)
    rng = random.Random(0)
    for _ in range(500):
        text = "".join(rng.choices("z0123456789.~=-_ Aé\x00%", k=rng.randrange(12)))
        query = Query({"face": text})
        assert (query.read("face", None, read_face) is None) == bool(query.ignored)


def test_values_are_written_short_and_read_back():
    link = address({"a": 1.0, "b": 0.1, "c": True, "d": None, "e": 12, "f": "x y&z", "g": False})
    assert link == "?a=1&b=0.1&c=1&e=12&f=x+y%26z&g=0"
    query = Query(parsed(link))
    assert query.number("a", 0.0, 0, 2) == 1 and query.number("b", 0.0, 0, 1) == 0.1
    assert query.number("e", 0, 0, 20) == 12 and query.choice("f", "", ["x y&z"]) == "x y&z"
    framed = Option("whether it is", name="c", kind=bool, link="c", default=False)
    assert read_option(query, framed) and not read_option(query, replace(framed, link="g", first=True))
    assert not query.notice()
    seed = options(singan.uses.Sample)["seed"]
    for number, taken in ((MAX_BROWSER_SEED, MAX_BROWSER_SEED), (MAX_BROWSER_SEED + 1, seed.first)):
        query = Query({"seed": str(number)})  # browsers round the larger one
        assert read_option(query, seed) == taken and bool(query.ignored) == (taken != number)


def test_what_cannot_be_used_has_its_default_and_is_named():
    option = Option("of it", name="it", link="x", low=1, most=9, first=5)
    for read, text, reason in (
        (lambda q: q.number("x", 5, 0, 9), "1.5", "a whole number is needed"),
        (lambda q: q.number("x", 5.0, 0, 9), "nan", "x is nan"),
        (lambda q: q.choice("x", 5, ("a", "b")), "c", "x is 'c'; allowed are a, b"),
        (lambda q: read_option(q, replace(option, kind=bool)), "yes", "allowed are 0, 1"),
        (lambda q: read_option(q, replace(option, kind=tuple)), "3x10", "height is 10"),
    ):
        query = Query({"x": text})
        assert read(query) == 5
        assert len(query.ignored) == 1 and query.ignored[0].startswith(f"x={text}") and reason in query.ignored[0]


def test_what_is_ignored_is_named_in_a_sentence_of_bounded_length():
    names = ["utm_source", "UTM_Campaign", "fbclid", "gclid", "mc_cid", "_ga", "ref", "si", "__theme", "__sign", "logs"]
    query = Query(dict.fromkeys(names, "<b>1</b>"))  # which others append
    assert query.unread == [] and query.notice() == ""
    assert Query({"ref": "3"}).number("ref", 0, 0, 9) == 3  # who asks for one has it
    query = Query({"seed": "2", "count": "5", "wit": "1", "__theme": "dark", "x": "9" * 500})
    assert [query.number(name, 0, 0, 9) for name in ("seed", "seed", "count", "x", "missing")] == [2, 2, 5, 0, 0]
    (shortened,) = query.ignored
    assert shortened.startswith("x=" + "9" * 40 + " (") and query.notice().endswith("; wit (unknown)")
    query = Query({"seed": "x", **{f"{i:03}" + "n" * 900: "1" for i in range(100)}})
    query.number("seed", 0, 0, 9)
    said = query.notice()
    begun = "This link was not understood in part; ignored: seed=x (a whole number is needed); 000nnn"
    assert said.startswith(begun) and said.endswith("(unknown); 85 more") and len(said) < 1200
    query.gone = True
    assert query.notice() == "This result is no longer here."


class OneModel:
    """Stands in for Models."""

    def __init__(self, **models):
        self.names = list(models)
        self.get = models.__getitem__


@pytest.fixture
def handlers(tiny_faces):
    named = tiny_faces.with_attributes({"smiling": tiny_faces.directions["pc3"], "seed": tiny_faces.directions["pc4"]})
    named.anchor = torch.eye(8)[0]  # it takes a second to find
    return FaceHandlers(OneModel(tiny=named), Device())


def opened(handlers, link: str) -> tuple[Opened, list[str]]:
    parameters = parsed(link)
    assert parameters.pop("tab") == "faces"
    query = Query(parameters)
    found = read_link(query, handlers)
    return found, [*query.ignored, *query.unread]


def test_a_state_comes_back_from_its_link(handlers):
    rng = random.Random(0)
    for _ in range(60):
        number, count = rng.randrange(2**53), rng.randrange(1, 65)
        variety = rng.choice([0.0, 0.8, 1.0, rng.random()])
        moves = {name: rng.uniform(-10, 10) for name in rng.sample(["smiling", "pc1", "pc2", "seed"], rng.randrange(3))}
        best_of = rng.choice([1, 4])
        indices = sorted(rng.sample(range(count * best_of), count))
        in_gallery = Recipe(number, rng.choice(indices), moves=moves, variety=variety)
        elsewhere = Recipe(moves=moves, z=tuple(torch.tensor([rng.gauss() for _ in range(8)]).tolist()))
        recipe = rng.choice([in_gallery, elsewhere])
        pins = [rng.choice([None, in_gallery.to_dict(), elsewhere.to_dict()]) for _ in range(3)]
        view = rng.choice(["edit", "morph", "map"])
        motion = Morph(rng.randrange(2, 241), rng.random() < 0.5, rng.uniform(1, 60), rng.choice(["mp4", "gif"]))
        drawn = Sample(number, count, variety, best_of)
        gallery = gallery_keys([Recipe(number, i, variety=variety).to_dict() for i in indices], best_of)
        found, ignored = opened(handlers, address(link_keys(None, gallery, recipe, pins, view, motion)))
        shown = motion if view == "morph" else Morph()
        assert found == Opened("tiny", drawn, recipe.to_dict(), pins, view, shown, 1.0, indices) and not ignored


def test_a_morph_through_favourites_has_them_in_its_link(handlers):
    faces = (Recipe(1, 2), Recipe(3, 4, 0.5, {"smiling": 1.0}), Recipe(z=(0.5,) * 8))
    keys = link_keys(None, {}, Recipe(), [None] * 3, "morph", Morph(faces=faces))
    found, ignored = opened(handlers, address(keys))
    assert found.motion.faces == faces and not ignored
    assert "faces" not in link_keys(None, {}, Recipe(), [None] * 3, "edit", Morph(faces=faces))
    for damaged, reason in (("1.2.1", "number of faces is 1"), ("1.2.1,wit", "SEED.INDEX")):
        found, ignored = opened(handlers, f"?tab=faces&view=morph&faces={damaged}")
        assert found.motion.faces == () and reason in ignored[0]


def test_links_are_short_where_they_can_be(handlers):
    assert in_order(["age", "wit", "smiling", "pc1"]) == ["smiling", "age", "wit", "pc1"]  # moves in this order, too
    gallery = {"seed": 42, "count": 16, "variety": 0.8}
    recipe = Recipe(42, 3, 1.0, {"smiling": 1.5}, variety=0.8)
    link = address(link_keys(None, gallery, recipe, [None] * 3, "edit", Morph()))
    assert link == "?tab=faces&seed=42&count=16&variety=0.8&index=3&smiling=1.5"
    assert opened(handlers, "?tab=faces&seed=42&smiling=1.5")[0].face == Recipe(42, 0, 1.0, {"smiling": 1.5}).to_dict()


def test_an_empty_link_shows_the_best_of_its_seed_and_indices_in_links_are_checked(handlers):
    drawn, faces = Opened("").drawn, handlers.model("tiny")
    chosen = faces.choose(16, drawn.seed, drawn.truncation, drawn.best_of)
    first = Recipe(drawn.seed, chosen[0], variety=drawn.truncation)
    assert opened(handlers, "?tab=faces")[0] == Opened("tiny", drawn, first.to_dict(), indices=chosen)
    found, _ = opened(handlers, "?tab=faces&seed=42&count=3&best_of=4")  # typed by hand
    assert found.indices == faces.choose(3, 42, best_of=4)
    for indices, reason in (("1,x", "whole numbers with commas"), ("1" + ",2" * 64, "number of faces is 65")):
        found, ignored = opened(handlers, f"?tab=faces&seed=42&count=3&indices={indices}")
        assert found.indices == [0, 1, 2] and reason in ignored[0]


def test_links_from_before_there_was_a_variety_keep_their_faces(handlers):
    link = "?tab=faces&seed=42&count=16&truncation=1.4&index=3&smiling=1.5"
    found, ignored = opened(handlers, link)
    face = Recipe(42, 3, 1.4, {"smiling": 1.5})
    assert found == Opened("tiny", Sample(42), face.to_dict(), scale=1.4, indices=list(range(16))) and not ignored
    gallery = gallery_keys([Recipe(42, i, 1.4).to_dict() for i in range(16)])
    assert address(link_keys(None, gallery, face, [None] * 3, "edit", Morph())) == link


def test_galleries_of_one_seed_are_recognised():
    latent = Recipe(z=(1.0,))
    for kind in ("variety", "truncation"):
        drawn = [Recipe(7, i, **{kind: 0.5}) for i in range(3)]
        moved, keys = replace(drawn[2], moves={"pc1": 1.0}), {"seed": 7, "count": 3, kind: 0.5}
        assert gallery_keys([face.to_dict() for face in drawn]) == keys and index_in(keys, moved) == 2
        for faces in (drawn[1:], [replace(moved, index=0)], [latent], [Recipe(7, 0, 0.5, variety=0.5)]):
            assert gallery_keys([face.to_dict() for face in faces]) == {}
        for other in (replace(moved, index=3), replace(moved, seed=8), Recipe(7, 2), latent):
            assert index_in(keys, other) is None
    assert index_in({}, Recipe()) is None
    chosen = [Recipe(7, i) for i in (2, 5, 9)]
    keys = gallery_keys([face.to_dict() for face in chosen], best_of=4)
    assert keys == {"seed": 7, "count": 3, "variety": 1.0, "best_of": 4, "indices": "2,5,9"}
    assert [index_in(keys, Recipe(7, i)) for i in (0, 5, 9)] == [None, 1, 2]


def test_faces_that_the_model_cannot_draw_are_named(handlers):
    link = f"?tab=faces&face=z{'A' * 11}&a=1.2.1~wit=1&b={2**53}.0.1&smiling=11&view=dance&model=other&loop=2"
    found, ignored = opened(handlers, link)
    assert found == opened(handlers, "?tab=faces")[0]
    assert [text.partition("=")[0] for text in ignored] == ["model", "smiling", "face", "a", "b", "view", "loop"]
    assert "z has shape (1, 2); (N, 8) is needed" in ignored[2] and "direction is 'wit'" in ignored[3]


@dataclass
class Part:
    """A tab that knows these parameters."""

    known: set[str]

    def read(self, query):
        return {name: query.read(name, None, str) for name in self.known}


def test_a_link_without_a_tab_opens_the_one_that_knows_its_parameters():
    shared = {"seed", "count", "frames"}
    parts = {"faces": Part(shared | {"view"}), "scenes": Part(shared | {"scene", "mode"})}
    for link, tab in (
        ("?mode=animate&frames=9&seed=3", "scenes"),
        ("?view=morph&frames=9", "faces"),
        ("?seed=3&count=4", "faces"),
        ("?utm_source=x&scene=sunset&fbclid=y", "scenes"),
    ):
        assert tab_meant(parsed(link), parts) == tab
    assert tab_meant({}, parts) == "faces" and tab_meant({}, {"scenes": parts["scenes"]}) == "scenes"
