"""Flagfiles are found by path, or by the name of one that ships with the package."""

import pytest
from helpers import ROOT

from cman_tf.command_line.command import resolve_flagfiles
from cman_tf.errors import DataError
from cman_tf.flagfiles import DIRECTORY, find_flagfile, names


def test_shipped_files_are_those_of_the_checkout():
    assert DIRECTORY == ROOT / "flags"
    assert names() == sorted(path.stem for path in (ROOT / "flags").iterdir())


@pytest.mark.parametrize("name", ["conll04", "conll04.flags", "flags/conll04.flags"])
def test_a_shipped_file_is_found_from_anywhere(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_flagfile(name) == DIRECTORY / "conll04.flags"


def test_a_file_of_ones_own_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "conll04.flags").write_text("--epochs=3\n")
    assert find_flagfile("conll04.flags").read_text() == "--epochs=3\n"
    assert find_flagfile(str(tmp_path / "conll04.flags")) == tmp_path / "conll04.flags"
    for absent in ("conll05", "elsewhere/conll04.flags", str(tmp_path / "ade.flags")):
        with pytest.raises(DataError, match=f"--flagfile={absent}: no such file, expected a path or one of ade, "):
            find_flagfile(absent)


def test_a_byte_order_mark_is_refused(tmp_path):
    path = tmp_path / "a.flags"
    path.write_bytes(b"\xef\xbb\xbf--seed=2\r\n")
    with pytest.raises(DataError, match="a.flags: begins with a byte order mark"):
        resolve_flagfiles(["train", f"--flagfile={path}"])


def test_arguments_that_name_flagfiles_are_resolved(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = str(DIRECTORY / "sample.flags")
    assert resolve_flagfiles(["train", "--flagfile=sample", "--seed=2"]) == ["train", f"--flagfile={path}", "--seed=2"]
    assert resolve_flagfiles(["train", "--flagfile", "sample"]) == ["train", "--flagfile", path]
    assert resolve_flagfiles(["x", "cells", "--", "--flagfile=none"]) == ["x", "cells", "--", "--flagfile=none"]
