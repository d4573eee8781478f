"""A training from its begin to its end, whatever ends it."""

import pytest

from singan import PRESETS, TrainingError, train
from singan.image import open_picture
from ui.device import Device, Turn
from ui.scenes.line import AT_ONCE
from ui.scenes.trainings import Trainings
from ui.visitors import Visitor

NOBODY = Visitor("", "")  # as whom one may train more than one picture


@pytest.fixture
def trainings(store):
    return Trainings(store, Device())


def with_trainer(trainings, trainer):
    """The same, whose trainings are those of `trainer`."""
    return Trainings(trainings.store, trainings.device, trainer)


def test_a_closed_page_ends_its_training(trainings, picture_file):
    """Gradio closes the generator of a visitor who leaves: training stops, the device is free, nothing is left."""
    ended = []

    def watched(*arguments):
        try:
            yield from trainings.train_here(*arguments)
        finally:
            ended.append(True)

    outputs = with_trainer(trainings, watched).train_scene(str(picture_file), iterations=2000)
    while not trainings.store._busy:
        next(outputs)
    next(outputs)
    assert not ended
    outputs.close()
    assert ended and not trainings.store._busy and not trainings.line.running
    trainings.device.run(Turn.FACE, lambda: None)  # it is free


def begun(trainings, picture_file, visitor=NOBODY):
    return trainings.begin(visitor, str(picture_file), trainings.config("fast", 0, 40, 2000))


def test_a_training_is_stopped_by_itself_after_its_current_step(trainings, picture_file):
    session = begun(trainings, picture_file)
    states = iter(session)
    while next(states).progress is None:
        pass
    assert session.seconds_left and not session.ended and trainings.line.running == 1
    session.stop()
    *_, last = states
    assert last.report.text == "Stopped before the first scale was finished"
    assert session.ended and not trainings.store._busy and not trainings.line.running


def test_a_training_that_waits_is_stopped_without_having_begun(trainings, picture_file):
    before = [iter(begun(trainings, picture_file)) for _ in range(AT_ONCE)]
    for states in before:
        next(states)
    session = begun(trainings, picture_file)
    states = iter(session)
    assert next(states).report.text.startswith("waiting: number 1 in line") and not session.ended
    session.stop()
    assert [state.report.text for state in states] == ["Stopped while waiting"]
    assert session.ended and session.seconds_left is None and not trainings.store._busy
    for states in before:
        states.close()
    assert not trainings.line.running


def test_who_has_no_place_in_the_line_is_over_at_once(trainings, picture_file, monkeypatch):
    monkeypatch.setattr("ui.scenes.line.ENDING_SECONDS", 0.05)
    me = Visitor("me", "me")
    first, second = begun(trainings, picture_file, me), begun(trainings, picture_file, me)
    states = iter(first)
    next(states)
    with pytest.raises(ValueError, match="you have a training already"):
        next(iter(second))
    assert second.ended and not first.ended
    states.close()
    assert first.ended


def failing_with(error, trainings):
    """Trainings that fail once a scale is finished."""

    def failing(picture, config, checkpoint):
        for record in train(picture, config, "cpu", checkpoint):
            yield record
            if record.scene:
                raise error

    return with_trainer(trainings, failing)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TrainingError("scale 2 of 4 gave no picture, twice; 1 scales are finished"), "scale 2 of 4 gave no picture"),
        (RuntimeError("index 3 is out of bounds"), "RuntimeError in a step"),
        (MemoryError(), "not enough memory; a smaller size fits"),
        (OSError(28, "No space left on device", "/x/y"), "the disk is full"),
    ],
)
def test_what_fails_in_the_middle_keeps_the_finished_scales(trainings, picture_file, error, said):
    failing = failing_with(error, trainings)
    *_, (status, _, _, record, name) = failing.train_scene(str(picture_file), max_size=40, iterations=3)
    assert said in status and "1 of" in status and "scales are kept" in status
    assert record["scene"] == name and record["finished_scales"] == 1
    assert trainings.store.get(name).scales == 1 and not trainings.store._busy and not failing.line.running


def test_a_picture_is_decoded_once_on_its_way_to_training(trainings, picture_file, monkeypatch):
    opened = []
    monkeypatch.setattr("ui.scenes.trainings.open_picture", lambda file: opened.append(file) or open_picture(file))
    for _ in range(2):
        config = trainings.config("fast", 0, 40, 3)
        list(trainings.expect(str(picture_file), config))
    list(trainings.train_scene(str(picture_file), max_size=40, iterations=3))
    assert opened == [str(picture_file)]
    list(trainings.expect(str(picture_file), config))
    assert len(opened) == 2  # it was let go with the training


def test_the_endpoint_says_how_many_steps_coarse_scales_have():
    paper = {name for name, preset in PRESETS.items() if preset.coarse_iterations == 1}
    (times,) = {PRESETS[name].coarse_iterations for name in PRESETS.keys() - paper}
    assert paper == {"paper"} and f'coarse: {times:g} times, but for "paper"' in Trainings.train_scene.__doc__
