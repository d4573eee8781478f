"""Command lines that run in this process."""

import itertools
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any


def exit_code(main: Callable[[list[str]], int], *arguments: object) -> int:
    """Run a command line, whose parser may exit."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


def one_line(capsys: Any) -> str:
    """Return the one line that was written to the standard error."""
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1, captured.err
    return captured.err


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def signalling(function: Callable[..., Any], wanted: int) -> Callable[..., Any]:
    """Return the function, which at the wanted call, from 1, first sends this process SIGTERM."""
    calls = itertools.count(1)

    def called(*arguments: Any, **options: Any) -> Any:
        if next(calls) == wanted:
            os.kill(os.getpid(), signal.SIGTERM)
        return function(*arguments, **options)

    return called
