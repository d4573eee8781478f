"""Command lines: arguments, errors of one line, exit codes, and signals that end work in good order."""

import argparse
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from PIL import Image

from darkroom.checks import echo
from darkroom.device import out_of_memory
from darkroom.files import why
from darkroom.uses import NEEDED, combinations, options, read_size

BAR_DELAY = 0.5  # seconds, in which a bad value has proved bad: its one line stands alone, without a progress bar
AGAIN_AFTER_SECONDS = 1.0  # torchrun passes on what the terminal has sent to every process already
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
STOPPED = "stopped; the files written so far are whole"


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line: the usage is in --help."""

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        for argument in sys.argv[1:] if args is None else args:
            if re.fullmatch("--[a-z-]+=--", argument):  # argparse makes an empty list of it, whatever the type
                self.error(f"argument {argument}: a value is needed")
        return super().parse_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the default of every option that has one, of several values as they are written."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if isinstance(action.default, tuple):
            return f"{action.help} (default: {' '.join(f'{value:g}' for value in action.default)})"
        return action.help if action.default is None else super()._get_help_string(action)


class Command(Parser):
    """One of a program's commands, with the arguments that several of them have."""

    def model(self, help: str = "folder, USER/REPO or USER/REPO@REVISION") -> None:
        self.add_argument("model", metavar="MODEL", type=model, help=help)

    def out(self, metavar: str, help: str) -> None:
        self.add_argument("--out", metavar=metavar, type=new, required=True, help=help)

    def of_preset(self, *names: str, help: str, default: str = "the preset's", **kind: Any) -> None:
        """Add an option, by its own name first, that overrides the preset's; None where it is not given."""
        self.add_argument(*(f"--{name}" for name in names), help=f"{help} (default: {default})", **kind)

    def training(self, seeds: str, resume: str) -> None:
        self.add_argument("--seed", type=int, default=0, metavar="N", help=f"of every random draw, {seeds}")
        self.add_argument("--resume", action="store_true", help=resume)
        self.add_argument("--device", default="auto", help="auto, cpu, cuda, ...")


class Commands:
    """A program with commands; each is run by a function of its arguments that gives the exit code."""

    def __init__(self, package: str, description: str) -> None:
        installed = Path(sys.argv[0]).stem == package  # by its own command, not by python -m
        self._parser = Parser(prog=package if installed else f"python -m {package}", description=description)
        self._commands = self._parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Command)

    def add(self, name: str, work: Callable[[Any], int], help: str, **values: Any) -> Command:
        """Add a command; values: further attributes of the function's arguments."""
        command = self._commands.add_parser(name, help=help, description=help, formatter_class=HelpFormatter)
        command.set_defaults(work=work, command=name, **values)
        return command

    def run(self, arguments: Sequence[str] | None, failures: tuple[type[Exception], ...] = ()) -> int:
        """Do what the arguments say and return the exit code, as `run` does."""
        args = self._parser.parse_args(arguments)
        return run(args.command, lambda: args.work(args), failures)


def _path(text: str, otherwise: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the name is empty")
    if re.match("[a-z][a-z0-9+.-]+://", text, re.IGNORECASE):
        raise argparse.ArgumentTypeError(f"{text} is an address; {otherwise}")
    if "\0" in text:
        raise argparse.ArgumentTypeError(f"{echo(text)} is no name of a file")
    return Path(text)


existing = partial(_path, otherwise="download it first")  # parses the name of a file or folder to read
new = partial(_path, otherwise="a file or folder of this machine is needed")  # parses that of one to write


def folder(text: str) -> str:
    """Parse an argument that names a folder, of this machine or at an address that fsspec knows."""
    return text if "://" in text else str(existing(text))


def model(text: str) -> str:
    """Parse an argument that names a model: a folder, or a repository of the Hub."""
    _path(text, "USER/REPO is enough for a model of the Hub")
    return text


def add_options(parser: argparse.ArgumentParser, use: Any, without: Sequence[str] = ()) -> None:
    kinds: dict[type, dict[str, Any]] = {
        bool: {"action": argparse.BooleanOptionalAction},
        tuple: {"type": size, "metavar": "WIDTHxHEIGHT", "action": "append", "required": True},
        Image.Image: {"type": existing, "metavar": "FILE"}, int: {"type": int, "metavar": "N"},
        float: {"type": number, "metavar": "X"},
    }  # fmt: skip
    for it in (it for name, it in options(use).items() if name not in without):
        default = it.default if it.command is None else it.command
        given = {"help": it.described().replace("%", "%%"), **kinds.get(it.kind, {"choices": it.choices or None})}
        if it.kind is tuple:
            given["help"] += "; may be repeated"
        elif it.kind is str:
            given["help"] = it.help
        if it.several:
            given["nargs"] = "+"
        flag = f"--{it.name.replace('_', '-')}"
        if default is not NEEDED:
            given["default"] = default
        elif it.kind is not tuple:
            flag, given["metavar"] = it.name, it.name.upper()
        parser.add_argument(flag, **given)


def uses_of(args: argparse.Namespace, use: Any) -> list[Any]:
    """Make the uses that the arguments ask for: one for each combination of what was given several times."""
    values = {name: getattr(args, name) for name in options(use)}
    several = [name for name, value in values.items() if isinstance(value, list | tuple)]
    return [use(**chosen) for chosen in combinations(values, several)]


def number(text: str) -> float:
    """Parse an argument that is a number; a whole one stays whole, for messages."""
    return int(text) if re.fullmatch(r"-?\d{1,9}", text, re.ASCII) else float(text)


def size(text: str) -> tuple[int, int]:
    """Parse an argument that is a size in px."""
    if found := read_size(text):
        return found
    raise argparse.ArgumentTypeError(f"{text!r} is no size; write WIDTHxHEIGHT in pixels, for example 325x175")


class Stop:
    """A wish for the end."""

    number: int | None = None  # of the first signal, None before it


@contextmanager
def stoppable(again_after: float = AGAIN_AFTER_SECONDS) -> Iterator[Stop]:
    """Let a signal only ask for the end within the block; one more, `again_after` seconds later, ends it."""
    stop, since = Stop(), 0.0

    def ask(number: int, _frame: Any) -> None:
        nonlocal since
        if stop.number is None:
            stop.number, since = number, time.monotonic()
        elif time.monotonic() - since > again_after:
            raise KeyboardInterrupt(number)

    with _handled(ask):
        yield stop


def _interrupt(number: int, _frame: Any) -> None:
    raise KeyboardInterrupt(number)


@contextmanager
def _handled(handle: Callable[[int, Any], None]) -> Iterator[None]:
    """Call `handle` for the signals that end a process; those that it was started to ignore stay ignored."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heeded = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    before = {number: signal.signal(number, handle) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def exit_code(number: int) -> int:
    """Return the exit code of a process that a signal ended, as shells count: 130 for Ctrl-C, 143 for SIGTERM."""
    return 128 + number


def run(name: str, work: Callable[[], int], failures: tuple[type[Exception], ...] = (), stopped: str = STOPPED) -> int:
    """Do a command's work; what it raises becomes one line on stderr.

    Returns the exit code: the work's own, 1 after one of `failures`, 2 for bad input, 128 + the number of a signal.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to end
    code = 2
    try:
        with _handled(_interrupt):
            return work()
    except failures as error:
        code, message = 1, str(error)
    except OSError as error:
        message = why(error)
    except ValueError as error:
        message = str(error)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        message = "there is not enough memory for this"
    except KeyboardInterrupt as error:
        code, message = exit_code(next((it for it in error.args if isinstance(it, int)), signal.SIGINT)), stopped
    print(f"{name}: {' '.join(message.split())}", file=sys.stderr)
    return code
