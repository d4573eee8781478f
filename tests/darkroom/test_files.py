import errno
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from darkroom.files import atomic, check_folder, check_zip, locked, locked_file, made_folder, remove_parts, visible, why

ROOT = Path(__file__).parents[2]
HOLD = (
    "import sys, time; from pathlib import Path; from darkroom.files import locked\nwith locked(Path(sys.argv[1])):\n"
)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic(path) as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and visible(tmp_path) == {"a.txt"} and len(list(tmp_path.iterdir())) == 1
    with atomic(path) as part:
        part.write_text("new")
    assert path.read_text() == "new" and len(list(tmp_path.iterdir())) == 1


def test_a_file_in_a_folders_place_is_named(tmp_path):
    (tmp_path / "a").write_text("")
    for folder in (tmp_path / "a", tmp_path / "a" / "b" / "c"):
        with pytest.raises(ValueError, match="a is a file; --out takes a folder"):
            check_folder("--out", folder)
    with pytest.raises(ValueError, match="a is a file; a folder is needed"), locked(tmp_path / "a"):
        pass
    check_folder("--out", tmp_path / "new" / "deep")


def test_folders_made_for_nothing_do_not_stay(tmp_path):
    with pytest.raises(ValueError, match="no"), made_folder(tmp_path / "a" / "b"):
        raise ValueError("no")
    with locked(tmp_path / "c" / "d"), locked_file(tmp_path / "e" / "f.zip"):
        pass
    assert not list(tmp_path.iterdir())
    (tmp_path / "empty").mkdir()
    with made_folder(tmp_path / "empty"), made_folder(tmp_path / "a" / "b") as folder:
        (folder / "file").write_text("")
    assert visible(tmp_path) == {"empty", "a"} and visible(tmp_path / "a" / "b") == {"file"}
    assert visible(tmp_path / "nowhere") == set()


def test_a_held_folder_or_file_is_refused_and_nothing_is_left(tmp_path):
    for hold, path, message in (
        (locked, tmp_path / "a", "another process is writing into .*a; choose another folder"),
        (locked_file, tmp_path / "a.zip", "another process is writing .*a.zip; choose another name"),
    ):
        with hold(path):
            with pytest.raises(ValueError, match=message), hold(path):
                pass
            with hold(path.with_name(f"other-{path.name}")):
                pass
        with hold(path):
            pass
    assert not list(tmp_path.iterdir())


@pytest.mark.soak
def test_a_killed_process_holds_nothing(tmp_path):
    code = f"{HOLD}    print('held', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    with pytest.raises(ValueError, match="another process"), locked(tmp_path):
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with locked(tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks_is_written_to(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with locked(tmp_path / "a"):
        (tmp_path / "a" / "b").write_text("")
    assert visible(tmp_path / "a") == {"b"}


def test_only_what_was_left_half_written_is_removed(tmp_path):
    for name in (".0123abcd.model.safetensors", ".0123abcd.config.json", ".gitignore", ".notes.config.json", "a"):
        (tmp_path / name).write_text("")
    remove_parts(tmp_path, "config.json")
    assert not (tmp_path / ".0123abcd.config.json").exists() and len(list(tmp_path.iterdir())) == 4
    remove_parts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".gitignore", ".notes.config.json", "a"}


def test_what_went_wrong_is_said_without_folders():
    assert why(PermissionError(errno.EACCES, "Permission denied", "/home/somebody/a.png")) == "a.png: Permission denied"
    assert why(OSError(errno.EIO, os.strerror(errno.EIO))) == "a file: Input/output error"
    assert why(OSError(errno.ENOSPC, "No space left", "/tmp/x")).startswith("the disk is full")
    assert why(OSError("a sentence of its own")) == "a sentence of its own"
    assert why(OSError(errno.EBADF, "Bad file descriptor", 7)) == "a file: Bad file descriptor"
    assert why(OSError(errno.ENOENT, "No usable folder")) == "No usable folder"


def test_a_zip_of_many_entries_is_refused_before_its_list_is_read(tmp_path):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(200):
            archive.writestr(f"{i}.txt", b"")
    check_zip(path, 1_000_000, 200)
    with pytest.raises(ValueError, match="more entries than the 199"):
        check_zip(path, 1_000_000, 199)
    with pytest.raises(ValueError, match="at most 0 MB"):
        check_zip(path, 1000, 200)
    path.write_bytes(b"no zip")
    check_zip(path, 1000, 1)
