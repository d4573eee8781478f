"""One tiny training for all tests of scenes."""

import pytest

import singan
from singan.checkpoint import Checkpoint


@pytest.fixture(scope="session")
def tiny_records(picture, tiny_config) -> list[singan.Progress]:
    return list(singan.train(picture, tiny_config, device="cpu"))


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_records) -> Checkpoint:
    return tiny_records[-1].checkpoint


@pytest.fixture(scope="session")
def two_scales(tiny_records) -> Checkpoint:
    """The training when two of its three scales are finished."""
    return next(record.checkpoint for record in tiny_records if record.scene and record.scene.scales == 2)
