"""Pipelines whose model is a folder, or a repository of the Hugging Face Hub, with a card."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

from torch import Tensor

from darkroom.hub import model_folder, push_model
from darkroom.model_files import WEIGHTS_FILE, Kind, check_kind, read_card, read_config, reading, write_model


class Pretrained(ABC):
    """A pipeline that can be loaded, saved and pushed; a subclass says what its files hold.

    name: where the model came from.
    """

    kind: ClassVar[Kind]
    name: str = "untitled"

    @abstractmethod
    def config_json(self) -> dict[str, Any]:
        """Return config.json's content: `model` rebuilds the networks, `train` says how they were trained."""

    @abstractmethod
    def tensors(self) -> Mapping[str, Tensor]:
        """Return the content of model.safetensors."""

    @abstractmethod
    def plain_card(self) -> str:
        """Return a model card without front matter, used until somebody writes a better one."""

    def photograph_file(self) -> tuple[str, bytes] | None:
        """Return the name and content of the photograph's file, of a model that has one."""
        return None

    @classmethod
    @abstractmethod
    def from_files(cls, config: Mapping[str, Any], weights: Path) -> Self:
        """Make a pipeline of a config.json of this kind and a model.safetensors, both of which may claim anything.

        Nothing is made before `read_tensors` has compared the file with the configuration's networks on the meta
        device. May raise whatever `reading` takes.
        """

    @cached_property
    def card(self) -> str:
        """The model card: the folder's, else a plain one."""
        return (
            f"---\nlibrary_name: {self.kind.library}\npipeline_tag: unconditional-image-generation\n"
            f"tags:\n- {self.kind.library}\n---\n\n{self.plain_card()}"
        )

    @classmethod
    def from_pretrained(cls, model: str | Path, revision: str | None = None) -> Self:
        """Load a model from a folder or the Hub ("user/repo" or "user/repo@revision"), onto the CPU.

        Raises ModelError where files are missing or damaged, or a tensor is missing, extra or of another shape.
        """
        folder = model_folder(model, revision)
        with reading(model, cls.kind.noun):
            config = read_config(folder)
            check_kind(config, cls.kind)
            pipeline = cls.from_files(config, folder / WEIGHTS_FILE)
        pipeline.name = folder.name if Path(model).is_dir() else str(model)
        pipeline.card = read_card(folder) or pipeline.card
        return pipeline

    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json, model.safetensors, a card (an existing one stays) and any photograph, each atomically."""
        write_model(folder, self.config_json(), self.tensors(), self.card, self.photograph_file())

    def push_to_hub(self, repo: str, private: bool = False) -> str:
        """Upload the model and its card to "user/repo", made if missing, and return the commit's address.

        Needs a token. Raises ModelError where the Hub cannot be reached or refuses.
        """
        return push_model(repo, self.save_pretrained, f"Upload the {self.kind.noun}", private)
