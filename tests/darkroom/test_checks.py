"""Checks of values: any value in, a sentence out."""

import math

import numpy as np
import pytest

from darkroom.checks import check_choice, check_range, check_whole, echo

ODD = [None, True, "3", "x", [], {}, math.nan, math.inf, -math.inf, 10**400, 10**5000, object()]


@pytest.mark.parametrize("value", ODD, ids=range(len(ODD)))
def test_any_value_is_refused_with_a_short_sentence(value):
    for check in (
        lambda: check_range("it", value, 0, 9),
        lambda: check_whole("it", value, 0, 9),
        lambda: check_choice("it", value, ("a", "b")),
    ):
        with pytest.raises(ValueError, match="^it is ") as raised:
            check()
        assert len(str(raised.value)) < 200


def test_numbers_of_other_libraries_are_numbers():
    check_range("it", np.float32(0.5), 0, 1)
    assert check_whole("it", np.int64(3), 0, 9) == 3 and check_whole("it", 3.0, 0, 9) == 3


def test_what_is_echoed_is_short():
    assert echo("a" * 1000) == "'" + "a" * 59 + "..."
    assert echo([1]) == "[1]" and len(echo(list(range(1000)))) < 70
