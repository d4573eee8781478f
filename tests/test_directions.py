from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.attributes import (
    COLUMNS,
    NAMES,
    SKIN_TONE,
    Classifier,
    Judge,
    read_attributes,
    skin_brightness,
    train_classifier,
)
from benchmarks.directions import MAX_SIDE_EFFECT, MIN_CHANGE, MOVE, choose, effects, main, table_of
from darkroom.files import locked
from darkroom.seeds import seeded
from dcgan import DataError
from dcgan.latent import draw_latents
from tests.conftest import CHECKPOINTS


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
    for content, column in ((b"", "Smiling"), (b"PK\3\4" + bytes(100), "Smiling"), (b"Smiling Young\n", "Mouth_Sl")):
        (tmp_path / "none.txt").write_bytes(content)
        with pytest.raises(DataError, match=f"none.txt has no column {column}"):
            read_attributes(tmp_path / "none.txt", ["a"])
    table.write_text(table.read_text().replace("000001.jpg 1", "000001.jpg yes"))
    with pytest.raises(DataError, match="says 'yes' of 000001.png; 1 and -1 are needed"):
        read_attributes(table, ["000001.png"])


def test_a_table_with_commas_is_read_alike(table, tmp_path):
    """Kaggle's list_attr_celeba.csv, and what spreadsheets make of it."""
    names = [column for column, _ in COLUMNS.values()]
    lines = [["image_id", *names], ["000001.jpg", *["1"] * 10], ["000002.jpg", *["-1"] * 10], ["\xe9.jpg", *["1"] * 10]]
    pictures = ["celeba_000002.webp", "000001.png"]
    expected, path = read_attributes(table, pictures), tmp_path / "attributes.csv"
    for mark, quote, end in ((b"", "", "\n"), (b"\xef\xbb\xbf", '"', "\r\n")):
        text = end.join(",".join(f"{quote}{cell}{quote}" for cell in line) for line in lines) + end
        path.write_bytes(mark + text.encode("latin-1"))
        assert torch.equal(read_attributes(str(path), pictures), expected)


def test_the_classifier_learns_what_can_be_seen_and_survives_its_file(tmp_path):
    images = torch.randint(0, 100, (320, 3, 64, 64), dtype=torch.uint8, generator=seeded(0))
    labels = (torch.rand(320, len(COLUMNS), generator=seeded(1)) < 0.5).float()
    images[labels[:, 0] == 1, :, 40:56] += 100  # a light mouth
    classifier = train_classifier(images, labels, 0, width=8)
    found = torch.sigmoid(classifier(images.float() / 127.5 - 1))[:, 0]
    assert ((found > 0.5) == (labels[:, 0] == 1)).float().mean() > 0.95
    judge, x = Judge.of(classifier, images), images[:4].float() / 127.5 - 1
    judge.save(tmp_path)
    assert torch.allclose(Judge.load(tmp_path)(x), judge(x), atol=0.01)


def test_skin_tone_is_measured_on_the_cheeks():
    x = -torch.ones(2, 3, 64, 64)
    x[1, :, 34:44, 20:44] = 0.5
    assert torch.allclose(skin_brightness(x), torch.tensor([-1.0, 0.5]), atol=1e-6)


def test_a_direction_ships_only_if_it_does_its_own_work_and_little_else():
    changes = 0.01 * torch.ones(len(NAMES), len(NAMES))
    for k in range(4):
        changes[k, k] = 0.5
    changes[4, 4] = 0.29  # too little
    changes[1, 2] = -0.26  # 1 disturbs 2 by more than half of its own effect
    changes[1, 3] = 0.26  # and 3
    changes[0, 5] = 0.4  # 5 does not ship: it may be moved
    assert choose(changes) == [0, 2, 3]
    table = table_of(changes, [0, 2, 3])
    assert f"**{NAMES[0]}**" in table and f"**{NAMES[1]}**" not in table


def test_effects_find_the_direction_that_changes_the_skin(tiny_faces):
    brighter = lambda z: torch.tanh(z[:, 2]).view(-1, 1, 1, 1).expand(-1, 3, 64, 64)  # noqa: E731
    tiny_faces.render = brighter
    real = ((brighter(draw_latents(list(range(200)), 8, 0)) + 1) * 127.5).to(torch.uint8)
    found = effects(tiny_faces, Judge.of(Classifier(4), real), torch.eye(8), 0)
    assert found.shape == (8, len(NAMES))
    tone = found[:, NAMES.index(SKIN_TONE)]
    assert tone[2] > 0.25 and tone[[0, 1, 3, 4, 5, 6, 7]].abs().max() < 0.08  # norms are kept


@pytest.mark.soak
def test_shipped_directions_move_their_attributes_and_no_other(shipped_faces):
    """By the classifier that no direction has seen, on latents that none was chosen by."""
    shipped = shipped_faces.attributes
    assert len(shipped) >= 6 and set(shipped) <= set(NAMES) and MOVE == 2
    changes = effects(shipped_faces, Judge.load(CHECKPOINTS / "faces"), torch.stack(list(shipped.values())), seed=1)
    for name, row in zip(shipped, changes.tolist(), strict=True):
        own = row[NAMES.index(name)]
        assert own >= MIN_CHANGE, name
        for other in shipped.keys() - {name}:
            assert abs(row[NAMES.index(other)]) < MAX_SIDE_EFFECT * own, (name, other)


def test_bad_input_is_one_line_and_leaves_the_model(tiny_faces_folder, tiny_folder, table, tmp_path, capsys):
    before = {path: path.read_bytes() for path in tiny_faces_folder.iterdir()}
    data = tmp_path / "faces.npz"
    np.savez(data, np.zeros((2, 64, 64, 3), np.uint8))
    for arguments, message in (
        ([tiny_faces_folder, data, "none"], "none cannot be read"),
        (["user/repo", data, table], "user/repo is no folder"),
        ([tiny_folder, data, table], "is a scene of singan; a face model of dcgan is needed"),
    ):
        assert main([str(argument) for argument in arguments]) == 2
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
    with locked(tiny_faces_folder):
        assert main([str(tiny_faces_folder), str(data), str(table)]) == 2
        assert "another process is writing into" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tiny_faces_folder.iterdir()} == before
