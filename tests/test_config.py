"""The configuration: defaults that follow the paper, and what is refused."""

import re

import pytest

from cman_tf.config import Config


def test_heads_that_do_not_divide_are_refused():
    with pytest.raises(ValueError, match="--attention_heads=3: expected a divisor of 2d = 8"):
        Config(hidden_size=4, attention_heads=3).resolved()


def test_mixed_layers():
    assert Config().resolved().chosen_layers() is None
    assert Config(mixed_layers="02,0").resolved().mixed_layers == "0,2"
    assert Config(mixed_layers="2,0").resolved().chosen_layers() == [0, 2]
    for wrong in ("", "1,,2", "0,0", "0,00", "²", "-1", "top", "all,1"):
        with pytest.raises(ValueError, match=re.escape(f"--mixed_layers={wrong}: expected all, or different numbers")):
            Config(mixed_layers=wrong).resolved()


def test_unset_switches_follow_the_paper():
    assert Config(model="cman").resolved().label_gate is False
    assert Config(model="cman").resolved().loss_weighting == "sum"
    assert Config().resolved().label_gate is True
    assert Config().resolved().loss_weighting == "uncertainty"
    assert Config(label_gate=False, loss_weighting="sum").resolved().label_gate is False


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "cnn"}, "--model=cnn: expected one of dynamic_cman, cman, multihead"),
        ({"hidden_size": 0}, "--hidden_size=0: expected at least 1"),
        ({"hidden_size": "128"}, "--hidden_size=128: expected a number"),
        ({"bilstm_dropout": 1.0}, "--bilstm_dropout=1.0: expected at least 0 and below 1"),
        ({"train_fraction": 2}, "--train_fraction=2: expected at least 0.01, at most 1"),
        ({"learning_rate": float("nan")}, "--learning_rate=nan: expected a number"),
    ],
)
def test_limits_hold_in_python_as_they_do_for_flags(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Config(**changes).resolved()
