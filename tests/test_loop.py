"""What a training says when the user stops it."""

import types

import pytest

from cman_tf.training import loop


@pytest.mark.parametrize(
    ("saved", "line"),
    [
        ((0, 0), "stopped in epoch 1 before an epoch was saved; run the same command again to go on"),
        ((0, 40), "stopped in epoch 1 after its batch 40 was saved; run the same command again to go on"),
        ((3, 0), "stopped in epoch 4 after epoch 3 was saved; run the same command again to go on"),
        ((3, 40), "stopped in epoch 4 after its batch 40 was saved; run the same command again to go on"),
    ],
)
def test_where_training_stopped(monkeypatch, saved, line):
    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "_train_epochs", stop)
    trainer = types.SimpleNamespace(state=types.SimpleNamespace(saved=lambda: saved))
    with pytest.raises(KeyboardInterrupt) as stopped:
        loop.train(trainer)
    assert stopped.value.args == (line,)
