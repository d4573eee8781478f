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
from ui import zero
from ui.device import Device
from ui.scenes.store import SceneStore
from ui.scenes.trainings import Trainings
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
    store = SceneStore(Models([folder], [], ScenePipeline.from_pretrained), torch.device("cpu"))
    trainings = Trainings(store, Device())
    told["expected"] = [*trainings.expect(picture, trainings.config("fast", 0, 48, 12))][-1]
    *_, (report, _, _, record, name) = trainings.train_scene(picture, "fast", 0, 48, 12)
    told |= {"report": report, "finished": store.get(name).finished, "presets": trainings.presets}
    asked = {"preset": "fast", "seed": 1, "max_size": 48, "iterations": 12}
    job = trainings.train(Visitor("page", "page"), picture, asked)  # as the page does, in a thread of its own
    while not job.over:
        time.sleep(0.1)
    told["watched"] = job.view.report.text
else:
    if case != "whole":  # ten seconds a call: time for one scale
        zero.train, zero.LONGEST_SECONDS, zero.SETUP_SECONDS, zero._step_seconds = slowly, 0.0, 0.0, 10 / 9
    if case == "quota":
        spaces.QUOTA[0] = 12.0
    last, seconds = None, []
    try:
        for last in zero.train_in_calls(picture, config, None):
            seconds.append(last.seconds)
    except TrainingError as error:
        told["error"] = str(error)
    told |= {"scales": last.scene.scales, "ordered": seconds == sorted(seconds)}
    save_checkpoint(last.checkpoint, folder)
print(json.dumps({**told, "calls": spaces.CALLS}))
