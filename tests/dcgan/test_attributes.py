from pathlib import Path

import pytest
import torch

from darkroom.seeds import seeded
from dcgan import DataError
from dcgan.attributes import (
    COLUMNS,
    NAMES,
    SKIN_TONE,
    Classifier,
    Judge,
    read_attributes,
    skin_brightness,
    train_classifier,
)
from dcgan.directions import MOVE, NEEDED, SIDE_EFFECT, Fit, _chosen, effects
from dcgan.latent import draw_latents

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


@pytest.fixture
def table(tmp_path) -> Path:
    names = [column for column, _ in COLUMNS.values()]
    rows = ["000001.jpg " + " ".join(["1"] * len(names)), "000002.jpg " + " ".join(["-1"] * len(names))]
    path = tmp_path / "attributes.txt"
    path.write_text("\n".join(["2", " ".join(names) + " ", *rows]) + "\n")
    return path


def test_labels_are_found_by_the_files_numbers(table):
    labels = read_attributes(table, ["celeba_000002.webp", "000001.png", "lfw_000001.webp", "celeba_000009.webp"])
    opposite = torch.tensor([turned for _, turned in COLUMNS.values()]).float()
    assert torch.equal(labels[0], opposite) and torch.equal(labels[1], 1 - opposite)
    assert labels[2:].isnan().all()
    assert "attractive" not in " ".join(NAMES).lower()


def test_unusable_tables_say_why(table, tmp_path):
    with pytest.raises(DataError, match="knows none of the pictures"):
        read_attributes(table, ["lfw_000001.webp"])
    with pytest.raises(DataError, match="cannot be read"):
        read_attributes(tmp_path / "none.txt", ["a"])
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        read_attributes(tmp_path, ["a"])
    for content in (b"", b"2\n", b"\xff\xfe\0\1", b"PK\3\4" + bytes(100), b",\n,", b'a,"'):
        (tmp_path / "none.txt").write_bytes(content)
        with pytest.raises(DataError, match="none.txt has no column Smiling"):
            read_attributes(tmp_path / "none.txt", ["a"])
    table.write_text(table.read_text().replace("000001.jpg 1", "000001.jpg yes"))
    with pytest.raises(DataError, match="says 'yes' of 000001.png; 1 and -1 are needed"):
        read_attributes(table, ["000001.png"])
    (tmp_path / "other.txt").write_text("Smiling Young\n")
    with pytest.raises(DataError, match="has no column Mouth_Slightly_Open"):
        read_attributes(tmp_path / "other.txt", ["a"])


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_table_with_commas_is_read_alike(table, tmp_path, mark, quote, end):
    """Kaggle's list_attr_celeba.csv, and what spreadsheets make of it."""
    names = [column for column, _ in COLUMNS.values()]
    lines = [["image_id", *names], ["000001.jpg", *["1"] * 10], ["000002.jpg", *["-1"] * 10], ["\xe9.jpg", *["1"] * 10]]
    text = end.join(",".join(f"{quote}{cell}{quote}" for cell in line) for line in lines) + end
    (tmp_path / "list_attr_celeba.csv").write_bytes(mark + text.encode("latin-1"))
    pictures = ["celeba_000002.webp", "000001.png"]
    assert torch.equal(read_attributes(tmp_path / "list_attr_celeba.csv", pictures), read_attributes(table, pictures))


def test_the_classifier_learns_what_can_be_seen():
    images = torch.randint(0, 100, (320, 3, 64, 64), dtype=torch.uint8, generator=seeded(0))
    labels = (torch.rand(320, len(COLUMNS), generator=seeded(1)) < 0.5).float()
    images[labels[:, 0] == 1, :, 40:56] += 100  # a light mouth
    *_, (step, steps, classifier) = train_classifier(images, labels, 0, width=8)
    assert step == steps
    found = torch.sigmoid(classifier(images.float() / 127.5 - 1))[:, 0]
    assert ((found > 0.5) == (labels[:, 0] == 1)).float().mean() > 0.95


def test_a_judge_survives_its_file(tmp_path):
    judge = Judge.of(Classifier(4), torch.randint(0, 255, (50, 3, 64, 64), dtype=torch.uint8))
    judge.save(tmp_path)
    x = torch.rand(4, 3, 64, 64)
    assert torch.allclose(Judge.load(tmp_path)(x), judge(x), atol=0.01)


def test_skin_tone_is_measured_on_the_cheeks():
    x = -torch.ones(2, 3, 64, 64)
    x[1, :, 34:44, 20:44] = 0.5
    assert torch.allclose(skin_brightness(x), torch.tensor([-1.0, 0.5]), atol=1e-6)


def test_a_direction_ships_only_if_it_does_its_own_work_and_little_else():
    directions, changes = torch.eye(len(NAMES)), 0.01 * torch.ones(len(NAMES), len(NAMES))
    strong = [0, 1, 2, 3]
    for k in strong:
        changes[k, k] = 0.5
    changes[4, 4] = 0.29  # too little
    changes[1, 2] = -0.26  # 1 disturbs 2 by more than half of its own effect
    changes[1, 3] = 0.26  # and 3
    changes[0, 5] = 0.4  # 5 does not ship: it may be moved
    judge = Judge(Classifier(4))
    fit = _chosen(directions, changes, judge)
    assert fit.judge is judge
    assert isinstance(fit, Fit) and list(fit.directions) == [NAMES[k] for k in (0, 2, 3)]
    assert f"**{NAMES[0]}**" in fit.report and f"**{NAMES[1]}**" not in fit.report


def test_effects_find_the_direction_that_changes_the_skin(tiny_faces):
    brighter = lambda z: torch.tanh(z[:, 2]).view(-1, 1, 1, 1).expand(-1, 3, 64, 64)  # noqa: E731
    tiny_faces.render = brighter
    real = ((brighter(draw_latents(list(range(200)), 8, 0)) + 1) * 127.5).to(torch.uint8)
    found = effects(tiny_faces, Judge.of(Classifier(4), real), torch.eye(8), 0)
    assert found.shape == (8, len(NAMES))
    tone = found[:, NAMES.index(SKIN_TONE)]
    assert tone[2] > 0.3 and (tone[[0, 1, 3, 4, 5, 6, 7]] == 0).all()


@pytest.fixture(scope="module")
def measured(shipped_faces) -> torch.Tensor:
    """What +2 standard deviations along each shipped direction change, by the classifier that no direction has seen."""
    judge = Judge.load(CHECKPOINTS / "faces")
    return effects(shipped_faces, judge, torch.stack(list(shipped_faces.attributes.values())), seed=1)


def test_enough_directions_are_shipped(shipped_faces):
    assert len(shipped_faces.attributes) >= 6 and set(shipped_faces.attributes) <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_shipped_direction_moves_its_attribute_and_no_other(shipped_faces, measured, name):
    if name not in shipped_faces.attributes:
        assert name not in shipped_faces.directions
        return
    row = measured[list(shipped_faces.attributes).index(name)]
    assert MOVE == 2 and float(row[NAMES.index(name)]) >= NEEDED
    for other in set(shipped_faces.attributes) - {name}:
        assert abs(float(row[NAMES.index(other)])) < SIDE_EFFECT * float(row[NAMES.index(name)]), other
