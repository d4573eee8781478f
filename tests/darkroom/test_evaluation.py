import pytest
from torch import nn

from darkroom.device import evaluation


@pytest.mark.parametrize("training", [True, False])
def test_network_is_put_back_as_it_was_also_on_errors(training: bool) -> None:
    network = nn.Sequential(nn.Dropout()).train(training)
    with pytest.raises(RuntimeError), evaluation(network):
        assert not network.training
        raise RuntimeError
    assert network.training is training and network[0].training is training
