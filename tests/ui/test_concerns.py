"""What is said before a training of a picture that the method fails on."""

from typing import get_args

from singan.suitability import Kind
from ui.scenes.concerns import MESSAGES


def test_every_kind_of_concern_has_words():
    assert set(MESSAGES) == set(get_args(Kind))


def test_messages_are_one_sentence_or_two():
    for message in MESSAGES.values():
        assert message.startswith("This ") and 1 <= message.count(". ") + 1 <= 2
