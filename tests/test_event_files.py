"""Taking events out of TensorBoard's files."""

import tensorflow as tf
from ends import read_end

from cman_tf.training.event_files import drop_events


def write(folder, *steps):
    writer = tf.summary.create_file_writer(str(folder))
    with writer.as_default():
        for step in steps:
            tf.summary.scalar("a", step, step=step)
            tf.summary.scalar("b", step, step=step)
    writer.close()


def shown(folder):
    return [(step, tag) for step, tag, _ in read_end(folder).get(".", [])]


def test_events_are_dropped(tmp_path):
    drop_events(tmp_path / "absent", lambda step, tags: True)
    write(tmp_path, 1, 2, 3)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    drop_events(tmp_path, lambda step, tags: step > 3)
    assert path.read_bytes() == content
    drop_events(tmp_path, lambda step, tags: step > 2 or step == 1 and "a" in tags)
    assert shown(tmp_path) == [(1, "b"), (2, "a"), (2, "b")]
    write(tmp_path, 3)
    assert shown(tmp_path) == [(1, "b"), (2, "a"), (2, "b"), (3, "a"), (3, "b")]


def test_a_record_that_was_cut_short_is_dropped(tmp_path):
    """At any byte, as a kill may leave it."""
    write(tmp_path, 1, 2)
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    (tmp_path / f".{path.name}.abcdefgh").touch()  # of a killed process
    for length in range(len(content) - 1, len(content) - 80, -1):
        path.write_bytes(content[:length])
        drop_events(tmp_path, lambda step, tags: False)
        assert shown(tmp_path)[:2] == [(1, "a"), (1, "b")] and len(shown(tmp_path)) < 4
        assert content.startswith(path.read_bytes())
    assert list(tmp_path.iterdir()) == [path]
