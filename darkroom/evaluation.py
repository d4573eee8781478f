"""Networks in evaluation for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def evaluation(network: nn.Module) -> Iterator[None]:
    """Puts the network in evaluation, and back as it was afterwards, whatever fails in between."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)
