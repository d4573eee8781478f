"""Trains as on ZeroGPU, in a process that finds the stand-in for `spaces`; prints what happened as JSON.

python case.py PICTURE FOLDER CASE
"""

import json
import sys
import time
from dataclasses import replace

import spaces
import torch

from darkroom.models import Models
from singan import PRESETS, ScenePipeline, TrainingError, train
from singan.checkpoint import save_checkpoint
from ui.device import Device
from ui.scenes.store import SceneStore
from ui.training import zero
from ui.training.queue import TrainingQueue
from ui.visitors import Visitor


def slowly(*arguments):
    """`train` with scales that last five seconds each."""
    scale = -1
    for record in train(*arguments):
        if record.scale > scale:
            scale = record.scale
            time.sleep(5)
        yield record


picture, folder, case = sys.argv[1:]
assert zero.ON_ZERO_GPU
config = replace(
    PRESETS["fast"], scales=3, iterations=6, channels=4, max_channels=4, crop=24, pool=4, coarse_iterations=1.0
)
told = {}
if case == "handlers":

    class CountingStore(SceneStore):
        """Notes the scales that are written."""

        written: list[int] = []

        def keep(self, name, checkpoint):
            self.written.append(checkpoint.scene.scales)
            super().keep(name, checkpoint)

    store = CountingStore(Models([folder], [], ScenePipeline.from_pretrained), torch.device("cpu"))
    trainings = TrainingQueue(store, Device())
    asked = {"preset": "fast", "seed": 1, "max_size": 48, "iterations": 12}
    told["expected"] = [*trainings.expect(picture, trainings.config(**asked))][-1]
    training = trainings.train(Visitor("page", "page"), picture, asked)
    while not training.over:
        time.sleep(0.1)
    view, scene = training.view, store.get(training.view.scene)
    told |= {"report": view.report.text, "finished": scene.finished, "presets": trainings.presets}
    told |= {"scales": scene.scales, "written": store.written, "sent": spaces.SENT}
else:
    if case != "whole":  # ten seconds a call: time for one scale
        zero.train = slowly
    budget = zero.Budget() if case == "whole" else zero.Budget(0.0, 0.0, 10 / 9)
    if case == "quota":
        spaces.QUOTA[0] = 12.0
    last, seconds = None, []
    try:
        for last in zero.train_in_calls(picture, config, None, budget):
            seconds.append(last.seconds)
    except TrainingError as error:
        told["error"] = str(error)
    told |= {"scales": last.scene.scales, "ordered": seconds == sorted(seconds)}
    save_checkpoint(last.checkpoint, folder)
print(json.dumps({**told, "calls": spaces.CALLS}))
