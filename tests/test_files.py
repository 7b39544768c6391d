"""Files of ours are written whole, and where they were asked for."""

import os
import stat
import subprocess
import sys
import threading

import pytest
from helpers import ROOT

from cman_tf.errors import DataError
from cman_tf.runs.files import remove_temporaries, validate_distinct, validate_new, write_atomically, write_together


def test_writing_replaces_no_link_and_no_mode(tmp_path):
    path, link = tmp_path / "new" / "a.json", tmp_path / "link.json"
    write_atomically(path, "one")
    link.symlink_to(path)
    path.chmod(0o600)
    write_atomically(link, b"two")
    assert link.is_symlink() and path.read_text() == "two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ZeroDivisionError):
        write_atomically(path, lambda file: file.write(b"half") / 0)
    assert path.read_text() == "two"  # whole or not at all
    assert [p.name for p in path.parent.iterdir()] == ["a.json"]


def test_writing_to_what_is_no_file(tmp_path):
    pipe, seen = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: seen.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write_atomically(pipe, "scores")
    reader.join(timeout=20)
    assert seen == [b"scores"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    # /dev/stdout, a pipe and a file that is added to.
    code = "from cman_tf.runs.files import write_atomically as w\n"
    code += "print(1, flush=True); w('/dev/stdout', 'two\\n'); print(3)"
    command = [sys.executable, "-c", code]
    out = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    assert out == "1\ntwo\n3\n"
    log = tmp_path / "log"
    log.write_text("old\n")
    with log.open("a") as file:
        subprocess.run(command, cwd=ROOT, stdout=file, check=True)
    assert log.read_text() == "old\n1\ntwo\n3\n"


def test_what_is_read_is_not_written(tmp_path):
    (tmp_path / "gold.json").write_text("[]")
    (tmp_path / "link.json").symlink_to(tmp_path / "gold.json")
    validate_distinct(None, str(tmp_path / "gold.json"))
    validate_distinct(str(tmp_path / "new.json"), str(tmp_path / "gold.json"), None)
    with pytest.raises(DataError, match="link.json: would be overwritten while it is read, expected another file"):
        validate_distinct(str(tmp_path / "link.json"), str(tmp_path / "gold.json"))


def test_several_files_are_written_together_or_not_at_all(tmp_path):
    first, second = tmp_path / "a.json", tmp_path / "folder" / "b.html"
    write_together({str(first): "a", str(second): "b"})
    assert (first.read_text(), second.read_text()) == ("a", "b")
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    for bad in (loop, first / "below", tmp_path / ("n" * 300)):
        with pytest.raises(OSError):
            write_together({str(tmp_path / "new"): "a", str(bad): "b"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "folder", "loop"]


def test_an_output_needs_a_name():
    with pytest.raises(DataError, match="an output without a name"):
        validate_new("", overwrite=True)


def test_what_a_killed_process_left_is_removed(tmp_path):
    """The temporary file of the same name, and no other file."""
    path = tmp_path / "run[1].json"
    child = os.fork()
    if not child:
        write_atomically(path, lambda file: os._exit(file.write(b"half") - 4))
    os.waitpid(child, 0)
    (left,) = tmp_path.iterdir()
    others = {tmp_path / name for name in ("run[1].json", ".run1.json.abcdefgh", ".run[1].json.bak")}
    for other in others:
        other.touch()
    remove_temporaries(path)
    assert {*tmp_path.iterdir()} == others and left not in others
