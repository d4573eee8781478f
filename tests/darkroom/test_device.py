import pytest
import torch
from torch import nn

from darkroom.device import enough_memory_or, evaluation, out_of_memory, pick_device


def test_devices_are_taken_by_name():
    assert pick_device("cpu") == pick_device(torch.device("cpu")) == torch.device("cpu")
    assert pick_device() == pick_device("auto")
    for name in ("abacus", "", "meta", "CPU", "cpu:-1", "hpu", "mtia", "privateuseone", "x" * 2000):
        with pytest.raises(ValueError, match="device is .*; allowed are auto and what this machine has: cpu") as caught:
            pick_device(name)
        assert len(str(caught.value)) < 200 and "\n" not in str(caught.value)


def test_running_out_of_memory_is_known_and_said():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(10**15)
    assert out_of_memory(raised.value) and out_of_memory(MemoryError()) and not out_of_memory(RuntimeError("shape"))
    with pytest.raises(KeyError, match="half"), enough_memory_or(KeyError("half")):
        torch.empty(10**15)
    with pytest.raises(RuntimeError, match="shape"), enough_memory_or(KeyError("half")):
        raise RuntimeError("shape")


def test_a_network_is_put_back_as_it_was_also_on_errors():
    for training in (True, False):
        network = nn.Sequential(nn.Dropout()).train(training)
        with pytest.raises(RuntimeError), evaluation(network):
            assert not network.training
            raise RuntimeError
        assert network.training is training and network[0].training is training
