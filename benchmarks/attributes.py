"""Attributes of faces: labels from CelebA's table, a small classifier of them, and skin tone from pixels."""

import csv
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save
from torch import Tensor, nn
from tqdm import trange

from darkroom.checks import echo
from darkroom.files import atomic
from darkroom.seeds import seeded
from dcgan.config import SIZE
from dcgan.data import DataError

# Name here, CelebA's column, and whether that column says the opposite. None judges looks.
COLUMNS: dict[str, tuple[str, bool]] = {
    "smiling": ("Smiling", False),
    "mouth_open": ("Mouth_Slightly_Open", False),
    "glasses": ("Eyeglasses", False),
    "blond_hair": ("Blond_Hair", False),
    "dark_hair": ("Black_Hair", False),
    "bangs": ("Bangs", False),
    "beard": ("No_Beard", True),
    "hat": ("Wearing_Hat", False),
    "age": ("Young", True),
    "masculine": ("Male", False),
}
LABELS = {1.0: 1.0, -1.0: 0.0, 0.0: 0.0}
SKIN_TONE = "skin_tone"  # of the cheeks and the nose, higher is lighter
NAMES = (*COLUMNS, SKIN_TONE)
JUDGE_FILE = "judge.safetensors"
LOGISTIC_QUARTILES = 2.197  # the distance between those of the logistic distribution, ln 9
CHEEKS = (slice(34, 44), slice(20, 44))  # rows and columns in a 64 px face

EPOCHS = 8
BATCH = 64
ORDER_STREAM = 7  # of random numbers, after those of dcgan.trainer.Stream
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 0.02
MAX_SHIFT = 3  # px, by which faces are moved in training


def read_attributes(table: str | Path, names: Sequence[str]) -> Tensor:
    """Read the labels of the named pictures, (N, 10) float32: 1, 0, or NaN where the table lacks the picture.

    table: CelebA's list_attr_celeba.txt (an optional count, the columns' names, then a line for each picture), or the
    same with commas, as Kaggle has it. A picture is known by the digits at the end of its name: celeba_000001.webp is
    000001.jpg. Raises DataError.
    """
    table = Path(table)
    columns, rows = _table(table)
    missing = [column for column, _ in COLUMNS.values() if column not in columns]
    if missing:
        raise DataError(f"{table} has no column {', '.join(missing)}")
    wanted = [columns.index(column) for column, _ in COLUMNS.values()]
    known = {PurePosixPath(row[0].strip()).stem: row[1:] for row in rows if len(row) > len(columns)}
    labels = torch.full((len(names), len(COLUMNS)), torch.nan)
    for row, name in enumerate(names):
        if not name.startswith("lfw") and (values := known.get(PurePosixPath(name).stem.rpartition("_")[2])):
            labels[row] = torch.tensor([_label(values[column], name, table) for column in wanted])
    opposite = torch.tensor([turned for _, turned in COLUMNS.values()])
    labels = torch.where(opposite, 1 - labels, labels)
    if not bool(labels[:, 0].isfinite().any()):
        raise DataError(f"{table} knows none of the pictures")
    return labels


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Read a table: its columns' names but the first, and its rows, each with the picture's name first."""
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace")  # a name in it may be in any encoding
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and lines[0].strip().isdigit():
        lines = lines[1:]
    if not lines or "," not in lines[0]:
        rows = [line.split() for line in lines]
        return (rows[0] if rows else []), rows[1:]
    try:
        (_, *columns), *rows = csv.reader(lines, skipinitialspace=True)
    except csv.Error as error:
        raise DataError(f"{path} is no table: {error}") from None
    return [column.strip() for column in columns], rows


def _label(text: str, name: str, table: Path) -> float:
    """Turn the table's 1 and -1 into 1 and 0. Raises DataError."""
    try:
        return LABELS[float(text)]
    except (ValueError, KeyError):
        raise DataError(f"{table} says {echo(text)} of {name}; 1 and -1 are needed") from None


class Classifier(nn.Module):
    """Map pictures (N, 3, 64, 64) in [-1, 1] to a logit for each of the ten labels, (N, 10)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        modules: list[nn.Module] = []
        before = 3
        for after in (width, width * 2, width * 4, width * 6):
            modules += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
            before = after
        self.main = nn.Sequential(*modules, nn.Flatten(), nn.Dropout(0.4), nn.Linear(before * 16, len(COLUMNS)))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x.contiguous(memory_format=torch.channels_last))


def _varied(x: Tensor, rng: torch.Generator) -> Tensor:
    """Mirror half of the pictures and shift all a little, to make a small set go further."""
    mirrored = torch.rand(len(x), 1, 1, 1, generator=rng) < 0.5
    x = torch.where(mirrored, x.flip(3), x)
    dy, dx = torch.randint(-MAX_SHIFT, MAX_SHIFT + 1, (2,), generator=rng).tolist()
    top, left = MAX_SHIFT + dy, MAX_SHIFT + dx
    return F.pad(x, (MAX_SHIFT,) * 4, mode="replicate")[:, :, top : top + SIZE, left : left + SIZE]


def train_classifier(images: Tensor, labels: Tensor, seed: int, width: int = 32) -> Classifier:
    """Train on uint8 (N, 3, 64, 64) and labels (N, 10) without NaN."""
    rng = seeded(seed, ORDER_STREAM)
    an_epoch = max(1, len(images) // BATCH)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # initial weights and dropout
        network = Classifier(width)
        optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, EPOCHS * an_epoch)
        for step in trange(EPOCHS * an_epoch, desc="classifier"):
            if step % an_epoch == 0:
                order = torch.randperm(len(images), generator=rng)
            rows = order[step % an_epoch * BATCH :][:BATCH]
            x = _varied(images[rows].float() / 127.5 - 1, rng)
            loss = F.binary_cross_entropy_with_logits(network(x), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    network.requires_grad_(False)
    return network.eval()


def skin_brightness(x: Tensor) -> Tensor:
    """Measure the mean luminance (ITU-R BT.601) of cheeks and nose in pictures (N, 3, 64, 64) in [-1, 1], (N,)."""
    cheeks = x[:, :, CHEEKS[0], CHEEKS[1]].mean((2, 3))
    return cheeks @ torch.tensor([0.299, 0.587, 0.114], device=x.device)


class Judge(nn.Module):
    """Map pictures (N, 3, 64, 64) in [-1, 1] to probabilities of all eleven attributes, (N, 11), in the order of NAMES.

    The classifier's, and the rank of the skin's brightness among real faces: that of a logistic distribution with
    their median and quartiles, so that it has a gradient.
    """

    median: Tensor
    scale: Tensor

    def __init__(self, classifier: Classifier) -> None:
        super().__init__()
        self.classifier = classifier
        self.register_buffer("median", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))
        self.eval().requires_grad_(False)

    @classmethod
    def of(cls, classifier: Classifier, real: Tensor) -> "Judge":
        """Make a judge that knows the skin tones of real faces, uint8 (N, 3, 64, 64)."""
        judge = cls(classifier)
        brightness = skin_brightness(real.float() / 127.5 - 1)
        lower, median, upper = brightness.quantile(torch.tensor([0.25, 0.5, 0.75]))
        judge.median, judge.scale = median, (upper - lower).clamp_min(1e-3) / LOGISTIC_QUARTILES
        return judge

    def forward(self, x: Tensor) -> Tensor:
        tone = torch.sigmoid((skin_brightness(x) - self.median) / self.scale)
        return torch.cat([torch.sigmoid(self.classifier(x)), tone[:, None]], dim=1)

    def save(self, folder: str | Path) -> None:
        """Write judge.safetensors, filters in float16."""
        tensors = {name: value.half() if value.ndim > 1 else value for name, value in self.state_dict().items()}
        with atomic(Path(folder) / JUDGE_FILE) as part:
            part.write_bytes(save({name: value.contiguous() for name, value in tensors.items()}))

    @classmethod
    def load(cls, folder: str | Path) -> "Judge":
        """Read judge.safetensors."""
        tensors = load_file(Path(folder) / JUDGE_FILE)
        judge = cls(Classifier(len(tensors["classifier.main.0.weight"])))
        judge.load_state_dict(tensors)
        return judge.eval()
