"""The flagfiles hold the papers' settings."""

import dataclasses

from helpers import ROOT

from cman_tf.command_line import corpus_flags
from cman_tf.config import Config
from cman_tf.encoders.names import ENCODER_FLAGS
from cman_tf.runs.flagfile import RECORDED_FLAGS, config_from_flagfile


def test_settings_of_the_flagfiles():
    from helpers import ROOT

    dynamic = config_from_flagfile(ROOT / "flags" / "conll04.flags")
    assert dataclass_but(dynamic, "patience") == dataclass_but(Config().resolved(), "patience")
    ijcai = config_from_flagfile(ROOT / "flags" / "conll04_ijcai.flags")
    assert dataclass_but(ijcai, "patience") == dataclass_but(Config(model="cman").resolved(), "patience")
    ade = config_from_flagfile(ROOT / "flags" / "ade.flags")  # TNNLS IV-C: 200-d vectors, dropout 0.3
    usual = dataclasses.replace(Config(), word_size=200, bilstm_dropout=0.3, epochs=60, patience=10)
    assert ade == usual.resolved()
    assert (
        config_from_flagfile(ROOT / "flags" / "ade_ijcai.flags") == dataclasses.replace(usual, model="cman").resolved()
    )
    drec = dataclasses.replace(Config(), word_size=128, bilstm_dropout=0.3, char_size=25, batch_size=4)
    drec = dataclasses.replace(drec, char_hidden_size=25)
    found = config_from_flagfile(ROOT / "flags" / "drec.flags")
    assert (
        found
        == dataclasses.replace(drec, adversarial_alpha=0.001, epochs=found.epochs, patience=found.patience).resolved()
    )
    multihead, its_ade = (
        config_from_flagfile(ROOT / "flags" / f"{name}_multihead.flags") for name in ("conll04", "ade")
    )
    assert its_ade == dataclasses.replace(multihead, word_size=200, epochs=30, patience=8)
    assert config_from_flagfile(ROOT / "flags" / "sample.flags").model == "dynamic_cman"
    for path in (ROOT / "flags").iterdir():
        assert "_dir" not in path.read_text()  # hyperparameters, never paths


def dataclass_but(config, name):
    return {k: v for k, v in dataclasses.asdict(config).items() if k != name}


def test_flagfile_is_the_authors_configuration():
    config = config_from_flagfile(ROOT / "flags" / "conll04_multihead.flags")
    assert (config.hidden_size, config.bilstm_layers, config.relation_size, config.label_size) == (64, 3, 64, 0)
    assert (config.char_size, config.char_hidden_size, config.word_size) == (25, 25, 50)
    assert (config.embedding_dropout, config.bilstm_dropout, config.relation_dropout) == (0.1, 0.1, 0.0)
    assert (config.learning_rate, config.adam_epsilon, config.adversarial_alpha) == (1e-3, 1e-8, 0.01)
    assert (config.batch_size, config.batch_order, config.initial_values) == (1, "file", "tensorflow1")
    assert (config.epochs, config.patience, config.loss_weighting) == (131, 40, "sum")
    drec = config_from_flagfile(ROOT / "flags" / "drec_multihead.flags")
    assert (drec.label_size, drec.embedding_dropout, drec.adversarial_alpha, drec.epochs) == (25, 0.3, 0.001, 61)
    assert (drec.use_characters, drec.char_size, drec.char_hidden_size, drec.word_size) == (True, 25, 25, 128)


def test_what_is_recorded_names_every_flag_that_says_what_was_read():
    """The list is kept apart from the flags' definitions, as it is read where no flag is defined."""
    assert {*corpus_flags.NAMES, *ENCODER_FLAGS} <= {*RECORDED_FLAGS}
