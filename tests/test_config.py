"""The configuration: defaults that follow the paper, and what is refused."""

import re

import pytest

from cman_tf.config import Config
from cman_tf.errors import DataError


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
        ({"hidden_size": "128"}, "--hidden_size='128': expected a number"),
        ({"hidden_size": 1.5}, "--hidden_size=1.5: expected a whole number"),
        ({"epochs": float("inf")}, "--epochs=inf: expected a whole number"),
        ({"seed": True}, "--seed=True: expected a number"),
        ({"epochs": 10**400}, "--epochs='a number of many digits': expected at most 1e+15"),
        ({"learning_rate": float("inf")}, "--learning_rate=inf: expected at most 1e+15"),
        ({"xla": "yes"}, "--xla='yes': expected True or False"),
        ({"loss_weights": 3}, "--loss_weights=3: expected text"),
        ({"bilstm_dropout": 1.0}, "--bilstm_dropout=1.0: expected at least 0 and below 1"),
        ({"train_fraction": 2}, "--train_fraction=2: expected at least 0.01, at most 1"),
        ({"learning_rate": float("nan")}, "--learning_rate=nan: expected a number"),
    ],
)
def test_limits_hold_in_python_as_they_do_for_flags(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Config(**changes).resolved()


def test_weights_chosen_by_hand():
    manual = Config(loss_weighting="manual").resolved()
    assert manual.task_weights() == {"re": 1.0, "first_ner": 1.0, "second_ner": 1.0}
    assert manual == Config(loss_weighting="manual", loss_weights="re:1,first_ner:1.0,second_ner:1").resolved()
    some = Config(model="cman", loss_weighting="manual", loss_weights="first_ner:0.5").resolved()
    assert some.loss_weights == "re:1,first_ner:0.5"
    exact = Config(loss_weighting="manual", loss_weights="re:1.23456789").resolved()
    assert exact.task_weights()["re"] == 1.23456789 and exact.resolved() == exact
    assert Config().resolved().task_weights() is None
    for wrong in (
        "re",
        "re:0",
        "re:-1",
        "re:nan",
        "re:inf",
        "other:1",
        ":1",
        "re:1:2",
        "re:1,re:2",
        "re:1e-9",
        "re:1e9",
    ):
        with pytest.raises(ValueError, match=re.escape(f"--loss_weights={wrong}: ")):
            Config(loss_weighting="manual", loss_weights=wrong).resolved()
    with pytest.raises(ValueError, match="second_ner:1"):
        Config(model="cman", loss_weighting="manual", loss_weights="second_ner:1").resolved()
    with pytest.raises(ValueError, match="--loss_weights without --loss_weighting=manual"):
        Config(loss_weights="re:1").resolved()


def test_settings_without_effect_do_not_tell_runs_apart():
    assert Config(mlp_layers=5, replaced_bilstms="bsa").resolved() == Config().resolved()
    assert Config(cell="mlp").resolved().mlp_layers == 2
    assert Config(cell="gru", mlp_layers=1).resolved() == Config(cell="gru").resolved()


def test_separate_models_stand_alone():
    for other in ({"share": False}, {"tune_encoder": True}):
        with pytest.raises(ValueError, match="--separate_models with --noshare or --tune_encoder"):
            Config(separate_models=True, **other).resolved()
    with pytest.raises(DataError, match="--separate_models: expected --model=cman or dynamic_cman"):
        Config(model="multihead", separate_models=True).resolved().validate_supported()
