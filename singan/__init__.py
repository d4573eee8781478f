"""SinGAN: learns the patches of one picture at every scale, then draws it anew, at other sizes, and in motion."""

from darkroom.model_files import ModelError
from singan.config import PRESETS, ModelConfig, TrainConfig
from singan.image import PictureError
from singan.pipeline import ScenePipeline
from singan.train import Progress, TrainingError, predict_seconds, train
from singan.uses import retarget_picture

__all__ = [
    "PRESETS", "ModelConfig", "ModelError", "PictureError", "Progress", "ScenePipeline", "TrainConfig", "TrainingError",
    "predict_seconds", "retarget_picture", "train",
]  # fmt: skip
