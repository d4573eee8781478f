"""A 64x64 face DCGAN: training, sampling, and latent controls."""

from darkroom.model_files import ModelError
from dcgan.checkpoint import Checkpoint
from dcgan.config import PRESETS, ModelConfig, TrainConfig
from dcgan.data import DataError
from dcgan.games import bilinear
from dcgan.pipeline import FacePipeline
from dcgan.recipe import Recipe, RecipeError
from dcgan.train import Progress, TrainingError, train

__all__ = [
    "PRESETS", "Checkpoint", "DataError", "FacePipeline", "ModelConfig", "ModelError", "Progress", "Recipe",
    "RecipeError", "TrainConfig", "TrainingError", "bilinear", "train",
]  # fmt: skip
