"""What TensorBoard shows: names, sentences as Markdown, curves, settings, and the measurements on dev."""

import dataclasses
import html

import markdown
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import annotated_twice

from cman_tf.config import Config
from cman_tf.data.batches import Example, make_example
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.flagfiles import find_flagfile, names
from cman_tf.inference.attended import measure_entropy
from cman_tf.inference.decoding import Output
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.training.dashboard_tags import name_type
from cman_tf.training.dev_curves import THRESHOLDS, measure_curves
from cman_tf.training.dev_text import choose_rows, escape, format_sentences
from cman_tf.training.hyperparameters import list_hyperparameters, name_trial
from cman_tf.training.profiled_batches import ProfiledBatches, read_batches


@given(st.text(max_size=80), st.text(max_size=80))
def test_types_are_parts_of_tags(one, other):
    assert (name_type(one) == name_type(other)) == (one == other)
    assert "/" not in name_type(one) and name_type(one).isprintable() and len(name_type("x" * 10_000)) == 67


@given(st.text(st.characters(exclude_categories=("C", "Z")), max_size=30))
def test_markdown_shows_the_text_itself(text):
    shown = markdown.markdown(f"**x {escape(text)} x**")
    assert html.unescape(shown) == f"<p><strong>x {text} x</strong></p>"


@given(annotated_twice())
def test_sentences_hold_nothing_of_the_data_but_text(pair):
    text = format_sentences(*pair)
    assert "<" not in text and text.count("**") == 2 * len(pair[0])


def test_what_is_shown_of_a_sentence():
    entities = (Entity("Peop", 0, 1), Entity("Loc", 3, 4))
    gold = Sentence(("Ann", "lives", "in", "Rome"), entities, (Relation("Live_In", 0, 1),))
    assert format_sentences([gold], [dataclasses.replace(gold, relations=(Relation("Live_In", 1, 0),))]) == (
        "**Ann lives in Rome**\n\n- ✓ Loc: Rome\n- ✓ Peop: Ann\n"
        "- ✗ false alarm Live&#95;In: Rome → Ann\n- ○ missed Live&#95;In: Ann → Rome"
    )
    long = Sentence(("x",) * 50, gold.entities, gold.relations)
    assert choose_rows([long, gold, Sentence(("a",)), gold], 6) == [1, 3]
    assert choose_rows([gold] * 100, 6) == [0, 16, 32, 48, 64, 80]
    assert choose_rows([long], 6) == [0] and choose_rows([], 6) == []


def test_curves_count_pairs_of_last_tokens():
    generator = np.random.default_rng(0)
    examples, outputs = [], {}
    for row in range(3):
        gold = np.array([(0, 1, 0), (2, 0, 1)][: row + 1], np.int32).reshape(-1, 3)
        examples.append(Example(("a", "b", "c"), np.zeros(3, np.int32), np.zeros(3, np.int32), gold, ""))
        pairs = np.array([(0, 1), (1, 0), (2, 0), (0, 2)][: row + 2])
        outputs[row] = Output([], None, pairs, generator.random((len(pairs), 3)).astype(np.float32))
    curves = measure_curves(examples, outputs, ["A", "B", "C"])
    assert curves.keys() == {"A", "B"}  # there is no C in the data
    for number, kind in enumerate("AB"):
        for place, threshold in enumerate(THRESHOLDS):
            tp = fp = total = 0
            for row, output in outputs.items():
                right = {(i, j) for i, j, k in examples[row].relations.tolist() if k == number}
                total += len(right)
                for pair, score in zip(output.pairs.tolist(), output.scores[:, number].tolist()):
                    tp += score > threshold and tuple(pair) in right
                    fp += score > threshold and tuple(pair) not in right
            curve = {name: values[place] for name, values in curves[kind].items()}
            assert (curve["tp"], curve["fp"], curve["fn"]) == (tp, fp, total - tp)
            assert curve["precision"] == pytest.approx(tp / (tp + fp) if tp + fp else 1.0)
            assert curve["recall"] == pytest.approx(tp / total)


@pytest.mark.parametrize("name", names())
def test_a_flagfile_differs_from_itself_in_nothing(name):
    config = config_from_flagfile(find_flagfile(name))
    shown = list_hyperparameters(config, "words")
    assert shown.keys() == {"flagfile", "inputs", "model", "seed"}
    changed = list_hyperparameters(dataclasses.replace(config, weight_average=0.5), "words")
    assert changed.keys() - shown.keys() == {"weight_average"}


def test_names_and_defaults(tmp_path):
    assert name_trial(tmp_path / "runs" / "x") == "runs/x"
    assert list_hyperparameters(Config(seed=7).resolved(), "")["seed"] == 7


def test_profiled_batches():
    assert read_batches([]) is None and read_batches(["3", "102"]) == ProfiledBatches(3, 102)
    for wrong in (["3"], ["0", "2"], ["5", "4"], ["1", "101"], ["a", "2"], ["1", "2", "3"], ["", ""]):
        with pytest.raises(DataError, match="expected FIRST,LAST, at most 100 batches counted from 1"):
            read_batches(wrong)


@pytest.mark.parametrize("model_name", ["dynamic_cman", "multihead"])
def test_the_probe_measures_what_training_computes(model_name, make_model, make_batch, sentences, vocabulary):
    from cman_tf.training.dev_probe import DevProbe

    changes = {"relation_scorer": "shared"} if model_name == "multihead" else {}
    model = make_model(model=model_name, **changes)
    compiled = model.scorer.xla
    probe = DevProbe(model, [make_example(s, vocabulary) for s in sentences], 100)
    found = probe.measure()
    assert (probe.sentences, model.scorer.xla) == (4, compiled)
    batch = make_batch(sorted(sentences, key=lambda s: len(s.tokens)))
    labels = model.encode_labels(batch["tags"], batch["lengths"])
    total, tasks = model.compute_losses(model.represent(batch), labels, batch, training=False)
    assert found.losses["loss"] == pytest.approx(float(total), rel=1e-4)
    assert found.losses["re"] == pytest.approx(float(tasks["re"]), rel=1e-4)
    if model_name == "multihead":
        assert found.gates == found.entropies == {}
        return
    tokens = sum(len(s.tokens) for s in sentences)
    assert found.gates["label_gate_1"].shape == (tokens * 8,) and found.gates.keys() == {"label_gate_1", "label_gate_2"}
    shown = model.decode(batch, gold_labels=True, attention=True)
    expected = measure_entropy(shown["self_attention_1"].numpy())  # [B, z, L]
    kept = np.concatenate([expected[n, :, : int(length)].T.ravel() for n, length in enumerate(batch["lengths"])])
    np.testing.assert_allclose(found.entropies["self_attention_1"], kept, atol=1e-4)
