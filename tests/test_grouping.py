"""Which runs are comparable: unlike ones are never averaged."""

import functools

from result_makers import collect, make_result, write_results

from cman_tf.data.corpus import SPLITS
from cman_tf.experiments.comparisons import find_effects
from cman_tf.experiments.grouping import find_differences

CMAN = functools.partial(make_result, model="cman")


def f1_of_cman(folder):
    return [line.f1("entities") for line in collect(folder) if line.row.key == "cman" and line.results]


def labels_of_cman(folder):
    return [line.row.label for line in collect(folder) if line.row.key == "cman" and line.results]


def write_run(folder, seed, f1, vectors, **changes):
    content = {**CMAN(f1, seed), **changes}
    content["flags"]["word_vectors"] = "data/glove.txt"
    if vectors:
        content.update(word_vectors_sha256=vectors * 64, encoder_fingerprint=None)
    write_results(folder, {f"conll04/cman-words-seed{seed}": content})


def test_files_are_compared_by_hash(tmp_path):
    """Where a result is too old to have a hash, its file's name is taken for the only one known."""
    write_run(tmp_path, 1, 60.0, "a")
    write_run(tmp_path, 2, 62.0, None)
    assert f1_of_cman(tmp_path) == [[60.0, 62.0]]
    write_run(tmp_path, 3, 80.0, "b")
    assert sorted(f1_of_cman(tmp_path)) == [[60.0], [62.0], [80.0]]
    assert "word vectors=aaaaaaaa" in labels_of_cman(tmp_path)[0]
    write_run(tmp_path, 3, 80.0, "a")
    assert f1_of_cman(tmp_path) == [[60.0, 62.0, 80.0]]
    corpus = {"name": "conll04_spert", **{split: {"file": "x", "sha256": "c" * 64} for split in SPLITS}}
    write_run(tmp_path, 3, 80.0, "a", corpus=corpus)
    assert f1_of_cman(tmp_path) == [[60.0, 62.0], [80.0]]


def test_an_effect_compares_runs_on_the_same_files(tmp_path):
    for name, f1, vectors, changes in (
        ("conll04/dynamic_cman-words-seed1", 60.0, "a", {}),
        ("conll04/dynamic_cman-words-seed2", 80.0, "b", {}),
        ("ablations/dynamic_cman_no_label_attention-words-seed1", 78.0, "b", {"label_attention": False}),
    ):
        content = {**make_result(f1, int(name[-1]), **changes), "word_vectors_sha256": vectors * 64}
        write_results(tmp_path, {name: content})
    (effect,) = find_effects(collect(tmp_path, "ablations"))
    assert effect.ours() == (-2.0, -2.0)


def test_other_settings_corpora_and_protocols_are_apart(tmp_path):
    """Another number of epochs is no difference where a dev score ends the run."""
    contents = [CMAN(60.0, 1), {**CMAN(62.0, 2), "epochs": 7}, CMAN(80.0, 3, hidden_size=8)]
    contents[1]["flags"]["epochs"] = 7
    contents.append({**CMAN(70.0, 4), "corpus": {"name": "conll04_multihead"}, "protocol": "two stages"})
    write_results(tmp_path, {f"conll04/cman-words-seed{n}": content for n, content in enumerate(contents, 1)})
    assert f1_of_cman(tmp_path) == [[60.0, 62.0], [80.0], [70.0]]
    assert labels_of_cman(tmp_path)[1] == "CMAN, corpus=conll04_spert, hidden_size=8, protocol=best dev epoch"


def test_epochs_set_runs_apart_where_they_decide(tmp_path):
    """Without dev, and where the learning rate follows from their number."""
    for changes in ({"protocol": "fixed_epochs"}, {"learning_rate_schedule": "linear"}):
        for seed, epochs in enumerate((20, 100, 100, 100), 1):
            content = CMAN(60.0 + seed, seed, epochs=epochs, **changes)
            write_results(tmp_path, {f"conll04/cman-words-seed{seed}": content})
        assert f1_of_cman(tmp_path) == [[61.0], [62.0, 63.0, 64.0]]
        assert labels_of_cman(tmp_path)[0] == "CMAN, epochs=20"


def test_a_protocol_without_epochs_beside_one_with_them(tmp_path):
    fixed, best = (CMAN(60.0, 1, protocol=name, epochs=20) for name in ("fixed_epochs", "best_dev"))
    fixed["protocol"] = "fixed"
    for contents in ((fixed, best), (best, fixed)):
        write_results(tmp_path, {f"conll04/cman-words-seed{n}": content for n, content in enumerate(contents, 1)})
        assert sorted(labels_of_cman(tmp_path)) == ["CMAN, protocol=best dev epoch", "CMAN, protocol=fixed, epochs=20"]


def test_find_differences():
    assert find_differences([{"a": 1, "b": 2}, {"a": 1, "b": 3}]) == ["b"]
    assert find_differences([{"a": 1}]) == find_differences([]) == []
