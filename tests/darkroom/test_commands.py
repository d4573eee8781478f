import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from darkroom import commands
from darkroom.commands import Parser, run, stoppable
from singan.__main__ import main


def parsed(type, text):
    parser = Parser(prog="it")
    parser.add_argument("--of", type=type)
    return parser.parse_args([f"--of={text}"]).of


def test_what_is_no_name_of_a_file_is_one_line(capsys):
    for text, message in (
        ("", "the name is empty"),
        ("https://example.com/a.png", "https://example.com/a.png is an address; "),
        ("FILE:///a.png", "FILE:///a.png is an address; "),
        ("a\0b", "is no name of a file"),
    ):
        for type in (commands.existing, commands.new, commands.model):
            with pytest.raises(SystemExit, match="2"):
                parsed(type, text)
            error = capsys.readouterr().err
            assert message in error and error.startswith("it: argument --of: ") and error.count("\n") == 1
    for text in ("a.png", "C:/a.png", "a/../b", "user/repo@main", "a:b"):
        assert parsed(commands.existing, text) == Path(text) and parsed(commands.model, text) == text


def raising(error):
    def work():
        raise error

    return work


def test_what_a_command_raises_is_one_line(capsys):
    for error, code, said in (
        (ValueError("count is 0;\n  allowed"), 2, "it: count is 0; allowed"),
        (FileNotFoundError(2, "No such file", "/a/b.png"), 2, "it: b.png: No such file"),
        (OSError(28, "No space left on device", "/a/.0a.b"), 2, "it: the disk is full: nothing half-written was left"),
        (OSError("the MP4 could not be written"), 2, "it: the MP4 could not be written"),
        (ArithmeticError("diverged"), 1, "it: diverged"),
        (MemoryError(), 2, "it: there is not enough memory"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), 2, "it: there is not enough memory"),
        (KeyboardInterrupt(), 130, "it: stopped; the files written so far are whole"),
    ):
        assert run("it", raising(error), (ArithmeticError,)) == code
        output = capsys.readouterr()
        assert output.err.startswith(said) and output.err.count("\n") == 1 and not output.out
    with pytest.raises(RuntimeError, match="diverged"):  # a bug is shown as one
        run("it", raising(RuntimeError("diverged")))
    with ThreadPoolExecutor(1) as thread:  # other than the main one, in which signals cannot be heeded
        assert thread.submit(run, "it", lambda: 7).result() == 7


@pytest.fixture(autouse=True)
def heeded():
    """Signals as a terminal gives them: whoever started the tests may ignore some, as nohup does."""
    heeded = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in heeded.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_end_a_command_like_ctrl_c(number, code, capsys):
    before = signal.getsignal(number)

    def work():
        os.kill(os.getpid(), number)
        time.sleep(5)

    assert run("it", work) == code
    assert capsys.readouterr().err == "it: stopped; the files written so far are whole\n"
    assert signal.getsignal(number) is before


def test_a_command_that_is_told_to_stop_ends_in_good_order():
    done = []

    def work():
        with stoppable() as stop:
            assert stop.number is None
            os.kill(os.getpid(), signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGINT)  # as torchrun does what the terminal did
            done.append(stop.number)
        return commands.exit_code(stop.number)

    assert run("it", work) == 143 and done == [signal.SIGTERM]


def test_who_asks_once_more_does_not_wait():
    with pytest.raises(KeyboardInterrupt), stoppable(again_after=0.05):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)


def test_an_ignored_signal_stays_ignored():
    """As nohup starts a process."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run("it", lambda: os.kill(os.getpid(), signal.SIGHUP) or 0) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_parser_says_errors_in_one_line(capsys):
    parser = Parser(prog="it")
    parser.add_argument("--n", type=int)
    parser.add_subparsers(required=True, metavar="COMMAND").add_parser("sub").add_argument("--m")
    for arguments in (["--n", "a\nb"], [], ["sub", "--k"], ["--n=--"], ["sub", "--m=--"]):
        with pytest.raises(SystemExit, match="2"):
            parser.parse_args(arguments)
        assert capsys.readouterr().err.count("\n") == 1


def test_a_program_is_called_as_it_was_begun(monkeypatch, capsys):
    for begun, called in (("/usr/bin/singan", "singan"), ("singan/__main__.py", "python -m singan")):
        monkeypatch.setattr(sys, "argv", [begun])
        with pytest.raises(SystemExit):
            main(["nothing"])
        assert capsys.readouterr().err.startswith(f"{called}: ")
