"""Networks in evaluation for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluation(network: nn.Module) -> Iterator[None]:
    """Put the network in evaluation mode for the block, and back as it was after it."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)
