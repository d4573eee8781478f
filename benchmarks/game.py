"""Compare how fast methods play the bilinear game min_x max_y x y with theory, and plot their orbits.

    python -m benchmarks.game [--plot docs/orbits.png]

With w = x + iy a step of size eta is linear: w - eta F(w), where F(w) = -iw. A rate is by how much a step multiplies
the distance from the equilibrium in the long run, below 1 where it is reached (Gidel et al., ICLR 2019, section 2.3).
"simultaneous" and "extragradient" are played by the optimisers that train faces here (`dcgan.games.bilinear`).
"""

import argparse
from pathlib import Path

import numpy as np

from dcgan.games import START, bilinear

ETAS = (0.05, 0.1, 0.2, 0.3, 0.5)
MOMENTUM = 0.9  # of Nesterov's method
STEPS, PLOTTED_STEPS, PLOTTED_ETA, PLOTTED_DISTANCE = 2000, 60, 0.2, 4.0


def theory(method: str, eta: float) -> float:
    """Return the rate as the spectral radius of a step says it."""
    turn = 1 + 1j * eta  # what w - eta F(w) multiplies w by
    if method == "nesterov":  # z^2 = turn ((1 + momentum) z - momentum)
        return float(max(abs(np.roots([1, -turn * (1 + MOMENTUM), turn * MOMENTUM]))))
    factors = {"simultaneous": turn, "extragradient": 1 + 1j * eta * turn, "implicit": 1 / (1 - 1j * eta)}
    return abs(factors[method])


def orbit(method: str, eta: float, steps: int) -> np.ndarray:
    """Play from (1, 0): the places after 0, 1, ... steps, as complex numbers (steps + 1,)."""
    if method in ("simultaneous", "extragradient"):
        path = bilinear(method, eta, steps).numpy()  # type: ignore[arg-type]
        return path[:, 0] + 1j * path[:, 1]
    places = [complex(*START)]
    before = places[0]
    for _ in range(steps):
        now = places[-1]
        ahead = now + MOMENTUM * (now - before)
        before = now
        # The implicit step is w' = w - eta F(w'), solved for w'.
        places.append(now / (1 - 1j * eta) if method == "implicit" else ahead + 1j * eta * ahead)
    return np.array(places)


def measured(method: str, eta: float) -> float:
    """Return the rate over the second half of the steps, or of those that numbers can hold."""
    distances = np.abs(orbit(method, eta, STEPS))
    held = distances[np.isfinite(distances) & (distances > 1e-280) & (distances < 1e280)]
    first, last = len(held) // 2, len(held) - 1
    return float((held[last] / held[first]) ** (1 / (last - first)))


METHODS = ("simultaneous", "nesterov", "extragradient", "implicit")


def plot(file: Path) -> None:
    """Plot the four orbits."""
    import matplotlib.pyplot as plt

    figure, all_axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
    for method, axes in zip(METHODS, all_axes, strict=True):
        path = orbit(method, PLOTTED_ETA, PLOTTED_STEPS)
        path = path[np.abs(path) < PLOTTED_DISTANCE]
        axes.plot(path.real, path.imag, "o-", markersize=2, linewidth=0.8)
        axes.plot(0, 0, "k+")
        axes.set(title=f"{method}: {theory(method, PLOTTED_ETA):.3f} a step", aspect="equal")
    figure.savefig(file, dpi=100)


def main() -> None:
    """Parse, play, print and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    print(f"| rate: theory, measured | {' | '.join(f'η {eta}' for eta in ETAS)} |\n{'|---' * (len(ETAS) + 1)}|")
    for method in METHODS:
        cells = (f"{theory(method, eta):.4f}, {measured(method, eta):.4f}" for eta in ETAS)
        print(f"| {method} | {' | '.join(cells)} |")
    if args.plot:
        plot(args.plot)


if __name__ == "__main__":
    main()
