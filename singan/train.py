"""Training on one picture, scale by scale, as a generator of progress records. Prints nothing, writes nothing."""

import math
import time
from collections import abc
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor

from darkroom.device import enough_memory_or, pick_device
from singan.checkpoint import Checkpoint
from singan.config import TrainConfig
from singan.image import Picture, to_pil
from singan.pipeline import ScenePipeline
from singan.scale import Diverged, Task
from singan.trainer import PyramidTrainer, Rendered, rmse, step_work

ATTEMPTS = 2  # at a scale, each at half the learning rate of the one before
RECORD_SECONDS = 0.1
PREVIEW_SECONDS = 1.0
PREVIEW_PAUSE = 20  # times as long as a preview took, at least, to the next: they take 5 % at most
FLAT = 0.02  # of the picture's contrast: less is no picture
WORSE = 1.5  # times the error below: more is a scale that has lost its way
JUDGED = 5  # steps, from which on a scale is: after fewer it need not be a picture yet
PREDICTION_SECONDS, PREDICTION_STEPS = 0.3, (3, 24)  # of timed steps; at least and at most so many


class TrainingError(RuntimeError):
    """Report a scale that failed twice, or too little memory; finished scales are in the last record's checkpoint."""


@dataclass(frozen=True)
class Progress:
    """Record where training stands."""

    scale: int  # from 0, the coarsest
    scales: int
    iteration: int
    iterations: int
    losses: dict[str, float]
    seconds: float  # wall-clock since the call
    seconds_left: float
    restarts: int  # of the current scale, which gave NaN, a flat picture or a worse one than came in
    preview: Rendered[Image.Image] | None  # of the current scale, about once a second
    checkpoint: Checkpoint | None  # None until a scale is finished

    @property
    def scene(self) -> ScenePipeline | None:
        return self.checkpoint.scene if self.checkpoint else None

    @property
    def finished(self) -> bool:
        return self.scene is not None and self.scene.scales >= self.scales


def train(
    picture: Picture, config: TrainConfig | None = None, device: str | torch.device = "auto",
    resume: Checkpoint | None = None,
) -> abc.Generator[Progress, None, None]:  # fmt: skip
    """Train a SinGAN on one picture; every record holds the scene of the scales that are finished.

    config defaults to the preset `standard`. The same picture, config and kind of device give the same weights,
    whether or not training was interrupted, for any number of threads. Closing the iterator stops it; nothing finished
    is lost. A scale that gives NaN, a flat picture or a worse one than came in is begun anew once at half the learning
    rate.

    Raises PictureError, ValueError (resume does not fit), and TrainingError with the number of a scale that failed
    twice, or with a size that fits where there is not enough memory.
    """
    config = config or TrainConfig()
    fits = f"for a max_size of {config.max_size}; {max(32, config.max_size // 2)} takes about a quarter of it"
    with enough_memory_or(TrainingError(f"there is not enough memory {fits}")):
        trainer = PyramidTrainer(picture, config, pick_device(device))
        if resume is not None:
            trainer.restore(resume)
        yield from records(trainer, resume)


def records(trainer: PyramidTrainer, checkpoint: Checkpoint | None = None) -> abc.Iterator[Progress]:
    """Train the scales that are not finished. checkpoint: of the records before the next one. Raises TrainingError."""
    for n in range(len(trainer.critics), trainer.scales):
        trainer.advance(n)
        for attempt in range(ATTEMPTS):
            try:
                checkpoint = yield from run_scale(trainer, n, attempt, checkpoint)
                break
            except Diverged:
                trainer.stopwatch.since = None
        else:
            which = f"scale {n + 1} of {trainer.scales}"
            raise TrainingError(f"{which} gave no picture, twice; {n} scales are finished")


def run_scale(
    trainer: PyramidTrainer, n: int, attempt: int, checkpoint: Checkpoint | None
) -> abc.Generator[Progress, None, Checkpoint | None]:
    """Train scale n and take it over. Raises Diverged where it gives no picture, or a worse one than came in."""
    scale, i, last = trainer.trainer(n, attempt), 0, False
    next_record = next_preview = 0.0
    while not last:
        scale.iterate(i)
        i += 1
        now, last = time.perf_counter(), i >= scale.schedule.iterations
        first = trainer.stopwatch.lap(n, i / scale.schedule.iterations)
        if (first or now < next_record) and not last:
            continue
        next_record = now + RECORD_SECONDS
        losses, preview = scale.check(), None
        if last or now >= next_preview:
            drawn = trainer.render(scale.task, scale.generator.network)
            preview = Rendered(*(to_pil(picture)[0] for picture in drawn))
            after = time.perf_counter()
            next_preview = after + max(PREVIEW_SECONDS, PREVIEW_PAUSE * (after - now))
        if last:
            if _lost(drawn.reconstruction, scale.task, scale.schedule.iterations):
                raise Diverged
            trainer.finish(scale.task, scale.generator.network, scale.critic.network.state_dict(), drawn)
            checkpoint = trainer.checkpoint()
        clock, steps = trainer.stopwatch.read(), scale.schedule.iterations
        yield Progress(n, trainer.scales, i, steps, losses, *clock, attempt, preview, checkpoint)
    return checkpoint


def predict_seconds(picture: Picture, config: TrainConfig, device: str | torch.device = "auto") -> float:
    """Predict the seconds that training would take here, from about a second of steps of the coarsest scale."""
    trainer = PyramidTrainer(picture, config, pick_device(device))
    scale = trainer.trainer(0)
    scale.iterate(0)
    started, steps, (least, most) = time.perf_counter(), 0, PREDICTION_STEPS
    while steps < least or (time.perf_counter() - started < PREDICTION_SECONDS and steps < most):
        steps += 1
        scale.iterate(steps)
        scale.check()
    step = (time.perf_counter() - started) / steps
    return step / step_work(config, trainer.pyramid.config, 0) * sum(trainer.stopwatch.work)


def _lost(reconstruction: Tensor, task: Task, steps: int) -> bool:
    """Return whether a reconstruction is NaN, or, after more than a few steps, flat or worse than what came in."""
    before, after = (rmse(x, task.real) for x in (task.rec_prev, reconstruction))
    wrong = after > WORSE * before + FLAT or float(reconstruction.std()) < FLAT * float(task.real.std())
    return not math.isfinite(after) or (steps >= JUDGED and wrong)
