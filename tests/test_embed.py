"""The embed command."""

import pytest
from helpers import call_command, elmo_flags, fails_with

pytestmark = pytest.mark.e2e


def test_embed_command(elmo, eight_sentences, tmp_path):
    embed = ["cman_tf.embed", *elmo_flags(elmo)]
    features = tmp_path / "features.h5"
    process = call_command(*embed, f"--data_dir={eight_sentences}", f"--features={features}")
    assert process.returncode == 0, process.stderr[-3000:]
    assert f"{features}: 24 sentences, 3 layers of 32" in process.stdout
    fails_with(call_command("cman_tf.embed", f"--data_dir={eight_sentences}"), "no encoder, expected --encoder, --elmo")
    fails_with(call_command(*embed), "no data, expected --data_dir or --data")
    process = call_command(*embed, f"--data_dir={eight_sentences}", cwd=tmp_path)  # in its default place
    assert process.returncode == 0, process.stderr[-3000:]
    (made,) = (tmp_path / "features").glob("*.h5")
    assert made.name.startswith(eight_sentences.name)
