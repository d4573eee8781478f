"""Undo and redo of the edited face."""

import pytest

from dcgan import Recipe
from ui.faces.steps import MOST, Steps

A, B, C = (Recipe(0, index).to_dict() for index in range(3))


def test_steps_go_back_and_forth():
    steps = Steps()
    assert not steps.back and not steps.forth
    steps = steps.taken(A).taken(B).taken(B).taken(C)
    assert steps.faces == (A, B, C) and steps.back and not steps.forth
    back = steps.moved(-1)
    assert back.faces[back.at] == B and back.back and back.forth
    assert back.moved(1) == steps and back.moved(-1).moved(-1).at == 0
    assert back.taken(B) == back
    assert back.taken(A).faces == (A, B, A) and not back.taken(A).forth
    assert Steps.of(back.plain()) == back


def test_the_oldest_are_forgotten():
    steps = Steps()
    for index in range(MOST + 5):
        steps = steps.taken(Recipe(0, index).to_dict())
    assert len(steps.faces) == MOST and steps.at == MOST - 1 and steps.faces[0] == Recipe(0, 5).to_dict()


@pytest.mark.parametrize(
    "values",
    [None, [], {}, {"faces": [A], "at": 1}, {"faces": [A] * (MOST + 1), "at": 0}, {"faces": [1], "at": 0},
     {"faces": [A], "at": "0"}, {"faces": {}, "at": -1}],
)  # fmt: skip
def test_damaged_steps_are_refused(values):
    with pytest.raises(ValueError):
        Steps.of(values)
