"""What a result file says of its origin."""

import pathlib
import shutil
import subprocess

from helpers import ROOT

from cman_tf.runs import provenance
from cman_tf.runs.provenance import make_portable


def test_result_files_name_no_directory_above_the_current_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert make_portable(str(tmp_path / "data" / "x")) == str(pathlib.Path("data", "x"))
    for value in ("/elsewhere/x", "../shared/x", 3, None):
        assert make_portable(value) == value


def test_commit_is_that_of_the_checkout_alone(tmp_path, monkeypatch):
    """Installed below somebody's repository, the package does not give that one's commit for its own."""

    def git(*words):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    git("init")
    installed = tmp_path / "lib" / "cman_tf" / "runs"
    installed.mkdir(parents=True)
    shutil.copy(ROOT / "cman_tf" / "runs" / "provenance.py", installed)
    (tmp_path / "theirs.txt").write_text("x")
    git("add", "theirs.txt")
    git("commit", "-m", "theirs")
    monkeypatch.setattr(provenance, "__file__", str(installed / "provenance.py"))
    assert provenance.commit() == "unknown"
    git("add", "lib")
    git("commit", "-m", "a checkout of ours")
    assert len(provenance.commit()) == 40
    (installed / "provenance.py").write_text("changed")
    assert provenance.commit().endswith("+changes")
