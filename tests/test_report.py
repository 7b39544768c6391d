"""The report: like runs averaged, unlike ones apart, the paper's row beside them."""

import dataclasses
import functools
import json
import re

import pytest
from helpers import ROOT, run_command

from cman_tf.config import Config
from cman_tf.data.corpus import SPLITS
from cman_tf.errors import DataError
from cman_tf.experiments import decoding_time
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.comparisons import beyond_chance, effects, effects_of, margins, what_is_left
from cman_tf.experiments.runs import read_result
from cman_tf.experiments.tables import lines_of, pooled
from cman_tf.report import BEGIN, END
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.scoring.breakdowns import by_distance, by_length
from cman_tf.scoring.score import score_sentences
from cman_tf.scoring.tables import paper_table


def result(f1, seed, **changes):
    config = Config(seed=seed, **changes).resolved()
    micro = {task: {"f1": f1} for task in ("entities", "relations")}
    return {
        "corpus": {"name": "conll04_spert"},
        "flags": dataclasses.asdict(config),
        "inputs": "words",
        "protocol": "best dev epoch",
        "seed": seed,
        "epochs": 9,
        "best_epoch": 5,
        "test": {"strict": {"micro": micro}},
        "time": {"epoch_seconds_median": 12.5, "dev_seconds_median": 1.5},
        "environment": {"cores": 2},
    }


def report(folder, readme):
    documents = (f"--document={folder}/docs/results.md", f"--html={folder}/report.html")
    return run_command("cman_tf.report", f"--results_dir={folder}", f"--readme={readme}", *documents)


@pytest.mark.e2e
def test_table(tmp_path):
    results = [
        result(80.0, 1),
        result(82.0, 2),
        result(70.0, 1, label_gate=False),
        result(60.0, 1, hidden_size=64),
        result(50.0, 1, model="cman"),
    ]
    for number, content in enumerate(results):
        (tmp_path / f"r{number}.json").write_text(json.dumps(content))
    (tmp_path / "timing").mkdir()
    (tmp_path / "timing" / "t.json").write_text(json.dumps(results[0]))
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):  # made anew, not added to
        process = report(tmp_path, readme)
        assert process.returncode == 0, process.stderr
    text = readme.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| corpus |")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "12.5 s" in text
    table = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert len({len(row) for row in table}) == 1
    f1 = {(row[1], row[3]) for row in table[2:]}
    assert f1 == {
        ("paper: dynamic CMAN, TNNLS 2021", "91.72"),
        ("paper: CMAN, IJCAI 2020", "90.62"),
        ("dynamic_cman", "81.00 ± 1.41"),
        ("dynamic_cman, label_gate=False", "70.00"),
        ("dynamic_cman, hidden_size=64", "60.00"),
        ("cman", "50.00"),
    }
    models = [row[1] for row in table[2:]]  # by model, the paper's first, the plain one next
    assert models[:4] == ["paper: CMAN, IJCAI 2020", "cman", "paper: dynamic CMAN, TNNLS 2021", "dynamic_cman"]


@pytest.mark.e2e
def test_documents(tmp_path, sentences):
    """A table with the paper's numbers, ours and the difference; every convention; figures; visible gaps."""
    predicted = [dataclasses.replace(s, relations=s.relations[:1]) for s in sentences]
    scores = score_sentences(sentences, predicted)
    scores.update(by_length=by_length(sentences, predicted), by_distance=by_distance(sentences, predicted))
    (tmp_path / "conll04").mkdir()
    baseline = {"flags": dataclasses.asdict(config_from_flagfile(ROOT / "flags" / "conll04_multihead.flags"))}
    for seed in (1, 2):
        content = {**result(0, seed), "test": scores, "dev": scores}
        (tmp_path / "conll04" / f"dynamic_cman-words-seed{seed}.json").write_text(json.dumps(content))
    (tmp_path / "conll04" / "multihead-words-seed1.json").write_text(json.dumps({**content, **baseline}))
    fold = {**result(0, 1), "test": {**scores, "without_overlaps": score_sentences(sentences[:2], predicted[:2])}}
    fold |= {"corpus": {"name": "ade_spert"}, **baseline}
    (tmp_path / "ade").mkdir()
    for number in (0, 3):
        (tmp_path / "ade" / f"multihead-words-fold{number}-seed1.json").write_text(json.dumps(fold))
    readme = tmp_path / "README.md"
    readme.write_text(f"{BEGIN}\n{END}")
    process = report(tmp_path, readme)
    assert process.returncode == 0, process.stderr
    text = (tmp_path / "docs" / "results.md").read_text()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    # Of seven relations three are found, F1 2 * 3 / (3 + 7); each entity is right.
    (ours,) = (row for row in rows if row[:3] == ["dynamic CMAN", "words", "TNNLS table I"])
    assert ours[3:9] == ["91.72", "100.00 ± 0.00", "+8.28", "73.46", "60.00 ± 0.00", "-13.46"]
    assert ours[9:] == ["1, 2", ", ".join(["5 of 9 (patience 0, limit 180)"] * 2)]
    (ahead,) = (row for row in rows if row[:3] == ["dynamic CMAN", "words", "words"])
    assert ahead[3:7] == ["+8.11", "+0.00", "+11.51", "+0.00"]
    assert "**How far CMAN is ahead of the baseline, in points of F1**" in text
    assert sum(row[:4] == ["dynamic CMAN", "words", "test", "more than 20"] for row in rows) == 1
    (macro,) = (row for row in rows if row[:4] == ["Multi-head + AT", "words", "macro", "8, all"])
    assert macro[-1] == f"100.00 / {scores['strict']['macro']['relations']['f1']:.2f}"  # both folds are the same
    assert sum(row[:3] == ["Multi-head + AT", "words", "macro"] and row[4] == "not run" for row in rows) == 1
    (folds,) = (row for row in rows if row[:4] == ["Multi-head + AT", "words", "micro", "8, all"])
    assert folds[4:] == ["2 of 10", "100.00 ± 0.00 / 60.00 ± 0.00", "100.00 / 60.00"]
    assert any(row[3] == "4, without overlaps" for row in rows)
    assert any("relaxed macro without Other" in row for row in rows)
    assert any(row[:3] == ["dynamic CMAN", "words", "2 of 2"] for row in rows)
    assert sum(row.count("not run") for row in rows) > 20
    assert "Figure sizes: **not run**" not in text  # its 100 % is there
    for name in ("distance_dev", "distance_test", "length_test", "sizes", "shared"):
        assert f"](figures/{name}.svg)" in text
        assert (tmp_path / "docs" / "figures" / f"{name}.svg").read_text().startswith("<svg")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 6
    assert page.count("<caption>") == page.count("<table>") > 10
    assert 'class="gap">not run' in page
    assert "src=" not in page
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"|<metadata>.*?</metadata>', "", page, flags=re.S)


def test_pooled_over_folds_of_unlike_types():
    """Drug has 3 of 4 and 1 of 2 right and found; Effect is in one fold alone."""

    def row(tp, fp, fn):
        return {"tp": tp, "fp": fp, "fn": fn}

    one = {"Drug": row(3, 1, 1), "Effect": row(1, 0, 1)}
    other = {"Drug": row(1, 1, 1)}
    folds = [{"strict": {"per_type": {"entities": types}}} for types in (one, other)]
    for fold, counts in zip(folds, (row(4, 1, 2), row(1, 1, 1))):
        fold["strict"]["micro"] = {"entities": counts}
    assert pooled(folds, "entities") == pytest.approx(100 * 2 * 5 / (2 * 5 + 2 + 3))
    # Drug 2 * 4 / (2 * 4 + 2 + 2), Effect 2 * 1 / (2 * 1 + 0 + 1)
    assert pooled(folds, "entities", "macro") == pytest.approx(100 * (8 / 12 + 2 / 3) / 2)


def test_other_files_of_the_same_name_are_no_like_runs(tmp_path):
    """By hashes; where a file is too old to have them, its name is taken for the only one known."""
    (tmp_path / "conll04").mkdir()

    def write(seed, f1, vectors, **changes):
        content = {**result(f1, seed, model="cman"), **changes}
        content["flags"]["word_vectors"] = "data/glove.txt"
        if vectors:
            content.update(word_vectors_sha256=vectors * 64, encoder_fingerprint=None)
        (tmp_path / "conll04" / f"cman-words-seed{seed}.json").write_text(json.dumps(content))
        return [li for li in lines_of("conll04", EXPERIMENTS["conll04"], tmp_path) if li.row.key == "cman"]

    write(1, 60.0, "a")
    assert [line.f1("entities") for line in write(2, 62.0, None)] == [[60.0, 62.0]]
    lines = write(3, 80.0, "b")
    assert sorted(line.f1("entities") for line in lines) == [[60.0], [62.0], [80.0]]
    assert "word vectors=aaaaaaaa" in lines[0].row.label
    write(3, 80.0, "a")
    # An effect is of like with like.
    (tmp_path / "ablations").mkdir()
    for folder, key, f1, vectors, changes in (
        ("conll04", "dynamic_cman-words-seed1", 60.0, "a", {}),
        ("conll04", "dynamic_cman-words-seed2", 80.0, "b", {}),
        ("ablations", "dynamic_cman_no_label_attention-words-seed1", 78.0, "b", {"label_attention": False}),
    ):
        content = {**result(f1, int(key[-1]), **changes), "word_vectors_sha256": vectors * 64}
        (tmp_path / folder / f"{key}.json").write_text(json.dumps(content))
    _, effect = effects(lines_of("ablations", EXPERIMENTS["ablations"], tmp_path))
    assert effect[4] == effect[6] == "-2.00"
    other = {"name": "conll04_spert", **{split: {"file": "x", "sha256": "c" * 64} for split in SPLITS}}
    assert [line.f1("entities") for line in write(3, 80.0, "a", corpus=other)] == [[60.0, 62.0], [80.0]]


@pytest.mark.e2e
def test_unlike_runs_are_not_averaged(tmp_path):
    """Another corpus, protocol or setting under one name; another number of epochs is no difference."""
    (tmp_path / "conll04").mkdir()
    cman = functools.partial(result, model="cman")
    contents = [cman(60.0, 1), {**cman(62.0, 2), "epochs": 7}, cman(80.0, 3, hidden_size=8)]
    contents[1]["flags"]["epochs"] = 7
    contents.append({**cman(70.0, 4), "corpus": {"name": "conll04_multihead"}, "protocol": "two stages"})
    for number, content in enumerate(contents, 1):
        (tmp_path / "conll04" / f"cman-words-seed{number}.json").write_text(json.dumps(content))
    lines = [li for li in lines_of("conll04", EXPERIMENTS["conll04"], tmp_path) if li.row.key == "cman"]
    assert [line.f1("entities") for line in lines] == [[60.0, 62.0], [80.0], [70.0]]
    assert lines[1].row.label == "CMAN, corpus=conll04_spert, hidden_size=8, protocol=best dev epoch"
    # But where it decides: without dev, and where the rate follows from it.
    for changes in ({"protocol": "fixed_epochs"}, {"learning_rate_schedule": "linear"}):
        for seed, epochs in enumerate((20, 100, 100, 100), 1):
            content = result(60.0 + seed, seed, model="cman", epochs=epochs, **changes)
            (tmp_path / "conll04" / f"cman-words-seed{seed}.json").write_text(json.dumps(content))
        lines = [li for li in lines_of("conll04", EXPERIMENTS["conll04"], tmp_path) if li.row.key == "cman"]
        assert [line.f1("entities") for line in lines] == [[61.0], [62.0, 63.0, 64.0]]
        assert lines[0].row.label == "CMAN, epochs=20"
    # Beside one where it does not, in both orders.
    fixed, best = (result(60.0, 1, model="cman", protocol=name, epochs=20) for name in ("fixed_epochs", "best_dev"))
    fixed["protocol"] = "fixed"
    for seed in (3, 4):
        (tmp_path / "conll04" / f"cman-words-seed{seed}.json").unlink()
    for contents in ((fixed, best), (best, fixed)):
        for seed, content in enumerate(contents, 1):
            (tmp_path / "conll04" / f"cman-words-seed{seed}.json").write_text(json.dumps(content))
        lines = [li for li in lines_of("conll04", EXPERIMENTS["conll04"], tmp_path) if li.row.key == "cman"]
        assert sorted(line.row.label for line in lines) == [
            "CMAN, protocol=best dev epoch",
            "CMAN, protocol=fixed, epochs=20",
        ]
        readme = tmp_path / "README.md"
        readme.write_text(f"{BEGIN}\n{END}")
        assert report(tmp_path, readme).returncode == 0
        assert "epochs=None" not in readme.read_text()


def test_effects(tmp_path):
    """Less the row without the change, beside the paper's; seeds 80 and 82 deviate by 1.41."""
    for folder, key, seed, f1, changes in (
        ("conll04", "dynamic_cman", 1, 80.0, {}),
        ("conll04", "dynamic_cman", 2, 82.0, {}),
        ("ablations", "dynamic_cman_no_attention", 1, 78.5, {"self_attention": False, "label_attention": False}),
        ("ablations", "dynamic_cman_mlp", 1, 70.0, {"cell": "mlp", "epochs": 60, "patience": 20}),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        content = result(f1, seed, **changes)
        if "attention" not in key:  # dev: 42 in the mean, and 39
            content["dev"] = result(39.0 if "mlp" in key else 40.0 + 2 * seed - 1, seed)["test"]
        (tmp_path / folder / f"{key}-words-seed{seed}.json").write_text(json.dumps(content))
    _, both, mlp = effects(lines_of("ablations", EXPERIMENTS["ablations"], tmp_path))
    same = f"{Config().epochs} ({Config().patience})"
    losses = ["-1.86", "-2.50", "-4.25", "-2.50"]
    assert both[1:] == ["dynamic CMAN", "words", *losses, "1 and 2", f"{same} and {same}", "no / no", ""]
    assert mlp[3:7] == ["-0.93", "-11.00", "-1.30", "-11.00"]
    assert mlp[7:] == ["1 and 2", f"60 (20) and {same}", "no / no", "-3.00 / -3.00"]
    # A run that differs in something else, too, is no measure of the change.
    path = tmp_path / "ablations" / "dynamic_cman_mlp-words-seed1.json"
    path.write_text(json.dumps(result(70.0, 1, cell="mlp", batch_size=4)))
    assert [
        effect.changed.row.key for effect in effects_of(lines_of("ablations", EXPERIMENTS["ablations"], tmp_path))
    ] == ["dynamic_cman_no_attention"]
    path.write_text(json.dumps(result(83.0, 1, cell="mlp")))
    _, contrary = effects_of(lines_of("ablations", EXPERIMENTS["ablations"], tmp_path))
    said = "dynamic CMAN replace BiLSTM with MLP on words"
    assert [*contrary.against_the_paper()] == [
        f"{said}, entities +2.00 (the paper -0.93)",
        f"{said}, relations +2.00 (the paper -1.30)",
    ]


def test_beyond_chance():
    """Student's t with 95 %: of 80, 81, 82 (deviation 1) and one more value the limit is
    4.303 * sqrt(1 + 1/3) = 4.97, of two such threes 2.776 * sqrt(2/3) = 2.27."""
    three = (80.0, 81.0, 82.0)
    assert beyond_chance([85.9], three) == "no"
    assert beyond_chance([86.0], three) == "yes"
    assert beyond_chance(three, [f1 - 2.2 for f1 in three]) == "no"
    assert beyond_chance(three, [f1 - 2.3 for f1 in three]) == "yes"
    assert beyond_chance([80.0], [99.0]) == "one seed"


def test_margins(tmp_path):
    """On equal inputs, and as the papers compare: with an encoder, over the baseline without. Of one protocol only."""
    (tmp_path / "conll04").mkdir()
    baseline = dataclasses.asdict(config_from_flagfile(ROOT / "flags" / "conll04_multihead.flags"))
    for key, f1, more in (
        ("multihead-words", 50.0, {"flags": baseline}),
        ("multihead-minilm", 60.0, {"flags": {**baseline, "encoder": "minilm"}}),
        ("dynamic_cman-minilm", 66.0, {}),
        ("cman-minilm", 61.0, {"protocol": "two stages"}),
    ):
        content = {**result(f1, 1, model=key.partition("-")[0]), **more}
        if "minilm" in key:
            content["inputs"] = "words + minilm"
            content["flags"]["encoder"] = "minilm"
        (tmp_path / "conll04" / f"{key}-seed1.json").write_text(json.dumps(content))
    _, *rows = margins(lines_of("conll04", EXPERIMENTS["conll04"], tmp_path))
    assert [(*row[:3], row[4]) for row in rows] == [
        ("dynamic CMAN", "minilm", "words", "+16.00"),
        ("dynamic CMAN", "minilm", "minilm", "+6.00"),
    ]
    allowed = f"{Config().epochs} ({Config().patience}) and {baseline['epochs']} ({baseline['patience']})"
    assert all(row[7:] == ["1 and 1", allowed, "one seed / one seed"] for row in rows)
    (left,) = what_is_left(lines_of("conll04", EXPERIMENTS["conll04"], tmp_path))
    assert "+16.00 / +16.00 (entities / relations), +6.00 / +6.00 is left" in left


def test_margins_of_what_was_tuned(tmp_path):
    """A tuned CMAN beside the baseline; a baseline that was tuned is none of its margins."""
    for home in ("conll04", "tuned"):
        (tmp_path / home).mkdir()
    baseline = dataclasses.asdict(config_from_flagfile(ROOT / "flags" / "conll04_multihead.flags"))
    tuned = {"adversarial_alpha": 0.1, "weight_average": 0.995}
    for key, f1, flags in (
        ("conll04/multihead-words", 50.0, baseline),
        ("tuned/multihead_tuned-words", 59.0, {**baseline, **tuned}),
        ("tuned/cman_tuned-words", 53.0, {**result(1.0, 1, model="cman")["flags"], **tuned}),
    ):
        content = {**result(f1, 1, model=flags["model"]), "flags": flags}
        (tmp_path / f"{key}-seed1.json").write_text(json.dumps(content))
    _, *rows = margins(lines_of("tuned", EXPERIMENTS["tuned"], tmp_path))
    assert [row[:7] for row in rows] == [
        ["CMAN, alpha 0.1, weights averaged", "words", "words", "", "+3.00", "", "+3.00"]
    ]


def test_a_file_under_another_rows_name(tmp_path):
    (tmp_path / "conll04").mkdir()
    path = tmp_path / "conll04" / "cman-words-seed1.json"
    path.write_text(json.dumps(result(80.0, 1)))
    with pytest.raises(DataError, match="seed1.json: made with --model=dynamic_cman, expected cman, as its name says"):
        lines_of("conll04", EXPERIMENTS["conll04"], tmp_path)
    (tmp_path / "cells").mkdir()
    path.rename(tmp_path / "cells" / "dynamic_cman_gru-words-seed1.json")
    with pytest.raises(DataError, match="made with --cell=bilstm, expected gru, as its name says"):
        lines_of("cells", EXPERIMENTS["cells"], tmp_path)


def test_gold_labels_stand_beside_the_same_models(tmp_path):
    for folder, key, seeds in (("conll04", "cman", (1, 2)), ("label_source", "cman_gold_labels", (2,))):
        (tmp_path / folder).mkdir()
        for seed in seeds:
            content = {**result(50.0 + seed, seed, model="cman"), "run": f"run{seed}"}
            (tmp_path / folder / f"{key}-words-seed{seed}.json").write_text(json.dumps(content))
    lines = lines_of("label_source", EXPERIMENTS["label_source"], tmp_path)
    assert [line.f1("entities") for line in lines] == [[52.0], [52.0]]


@pytest.mark.parametrize(
    "damage",
    [
        {"flags": {}},
        {"flags": {"model": "spert"}},
        {"flags": []},
        {"corpus": {}},
        {"test": {"strict": {}}},
        {"test": {"strict": {"micro": {"entities": {"f1": 1.0}, "relations": {"f1": None}}}}},
    ],
)
def test_damaged_results(tmp_path, damage):
    path = tmp_path / "r.json"
    path.write_text(json.dumps({**result(80.0, 1), **damage}))
    with pytest.raises(DataError, match="r.json: no model of ours, no corpus or no strict micro F1, expected a result"):
        read_result(path)


def test_the_papers_row_beside_a_switched_model():
    """A row of train's last table names what is not the paper's model."""
    assert "ours (cman), words" in paper_table(result(80.0, 1, model="cman"))
    text = paper_table(result(80.0, 1, label_gate=False, cell="gru"))
    assert "ours (dynamic_cman, cell=gru, label_gate=False), words" in text and "-11.72" in text


def test_decoding_time_beside_the_papers_baseline(tmp_path):
    """The paper's baseline has no contextual vectors: its F1 stands beside ours without them only."""
    (tmp_path / "decoding_time").mkdir()
    made = {"seconds": {"multihead": 1.0}, "overall_f1": {"multihead": 70.0}, "seed": 1, "of": "CoNLL04"}
    for inputs in ("words", "words + minilm"):
        (tmp_path / "decoding_time" / f"{inputs[-6:]}-seed1.json").write_text(json.dumps({**made, "inputs": inputs}))
    rows = {(row[0], row[2]): row for row in decoding_time.table(tmp_path) if row[1] == "CoNLL04"}
    label = decoding_time.ROWS["multihead"]
    assert rows[label, "words"][3] == "1.00" and rows[label, "words"][6]
    assert rows[label, "words + minilm"][3] == rows[label, "words + minilm"][6] == ""


@pytest.mark.e2e
@pytest.mark.parametrize("text", ["", BEGIN, f"{BEGIN}{BEGIN}{END}"])
def test_readme_without_its_marks(tmp_path, text):
    (tmp_path / "r.json").write_text(json.dumps(result(1.0, 1)))
    readme = tmp_path / "README.md"
    readme.write_text(text)
    process = report(tmp_path, readme)
    assert process.returncode != 0
    assert "expected one line" in process.stderr
    assert readme.read_text() == text
