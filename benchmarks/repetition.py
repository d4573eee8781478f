"""Whether a picture's repetition predicts how well it is trained on (`singan.concerns.repetition`).

    python -m benchmarks.repetition PICTURE ... --results out/bench/results.json ...

Results are those of `benchmarks.scenes` with a yardstick; a picture is known by its name, its seeds are averaged.
Prints the weights of the regression and, for predictions of pictures left out one by one, the rank correlation with
what was measured and its 95 % interval over 2000 resamplings of the pictures; beside it that of the picture's contrast
alone.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

from singan.concerns import repetition
from singan.image import open_picture

RESAMPLINGS = 2000
INTERVAL = (0.025, 0.975)  # quantiles


def measured(results: list[tuple[str, dict[str, float]]], stem: str, what: str) -> float:
    """Mean of a figure over the results, by name, of the picture with this stem."""
    return statistics.mean(row[what] for name, row in results if name.startswith(f"{stem}_"))


def fit(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least squares with an intercept first."""
    solution: np.ndarray = np.linalg.lstsq(np.c_[np.ones(len(features)), features], target, rcond=None)[0]
    return solution


def left_out(features: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The prediction for each picture by a regression that has not seen it."""
    rows = np.arange(len(target))
    return np.array([np.r_[1.0, features[i]] @ fit(features[rows != i], target[rows != i]) for i in rows])


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's; equal values take their mean rank."""
    ranks = np.array([[(np.sum(x < v) + np.sum(x <= v)) / 2 for v in x] for x in (a, b)])
    return float(np.corrcoef(ranks)[0, 1])


def interval(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """95 % of the rank correlation over resamplings."""
    rng = np.random.default_rng(0)
    draws = [rng.integers(len(a), size=len(a)) for _ in range(RESAMPLINGS)]
    low, high = np.quantile([rank_correlation(a[rows], b[rows]) for rows in draws], INTERVAL)
    return float(low), float(high)


def main() -> None:
    """Parses, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--results", nargs="+", type=Path, required=True)
    args = parser.parse_args()
    results = [item for file in args.results for item in json.loads(file.read_text(encoding="utf-8")).items()]
    started = time.perf_counter()
    features = np.log([repetition(picture) for picture in args.pictures])
    print(f"{len(args.pictures)} pictures, {(time.perf_counter() - started) / len(args.pictures):.2f} s each")
    contrast = np.log([[float(np.asarray(open_picture(picture)).std())] for picture in args.pictures])
    for what in ("coherence", "swd"):
        target = np.log([measured(results, picture.stem, what) for picture in args.pictures])
        predicted = left_out(features, target)
        for by, values in (("repetition", predicted), ("contrast", left_out(contrast, target))):
            low, high = interval(values, target)
            print(f"{what} by {by}: rank correlation {rank_correlation(values, target):.2f} ({low:.2f} to {high:.2f})")
        print("weights " + ", ".join(f"{weight:.3f}" for weight in fit(features, target)))
        for picture, expected, true in sorted(
            zip(args.pictures, predicted, target, strict=True), key=lambda row: row[1]
        ):
            print(f"  {picture.stem:16} expected {np.exp(expected):.4f} measured {np.exp(true):.4f}")


if __name__ == "__main__":
    main()
