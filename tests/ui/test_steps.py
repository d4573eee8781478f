"""Undo and redo of the edited face."""

from dcgan import Recipe
from ui.faces.state import MAX_STEPS, Steps

A, B, C = (Recipe(0, index).to_dict() for index in range(3))


def test_steps_go_back_and_forth_and_the_oldest_are_forgotten():
    steps = Steps().taken(A).taken(B).taken(B).taken(C)
    assert steps == Steps([A, B, C], 2) and steps.moved(1) == steps
    back = steps.moved(-1)
    assert back == Steps([A, B, C], 1) and back.moved(1) == steps and back.moved(-2).at == 0
    assert back.taken(B) == back and back.taken(A) == Steps([A, B, A], 2)
    for index in range(MAX_STEPS + 5):
        steps = steps.taken(Recipe(0, index).to_dict())
    assert steps.faces == [Recipe(0, index + 5).to_dict() for index in range(MAX_STEPS)] and steps.at == MAX_STEPS - 1
