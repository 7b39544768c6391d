"""Leads over the baseline and effects of changes."""

import math

import pytest
from result_makers import baseline_flags, collect, make_result, make_scores, write_results

from cman_tf.experiments.comparisons import allowed_epochs, describe_leads, find_effects, find_leads
from cman_tf.experiments.tables import make_difference_table


def write_leads(folder):
    for key, f1, more in (
        ("multihead-words", 50.0, {"flags": baseline_flags()}),
        ("multihead-minilm", 60.0, {"flags": baseline_flags(encoder="minilm")}),
        ("dynamic_cman-minilm", 66.0, {}),
        ("cman-minilm", 61.0, {"protocol": "two stages"}),
    ):
        content = {**make_result(f1, 1, model=key.partition("-")[0]), **more}
        if "minilm" in key:
            content["inputs"] = "words + minilm"
            content["flags"]["encoder"] = "minilm"
        write_results(folder, {f"conll04/{key}-seed1": content})


def test_leads_on_equal_inputs_and_as_the_papers_compare(tmp_path):
    """Of one protocol only: CMAN has another here."""
    write_leads(tmp_path)
    leads = find_leads(collect(tmp_path), as_in_papers=True)
    found = [(lead.line.row.key, lead.line.inputs, lead.reference.inputs, lead.ours()) for lead in leads]
    assert found == [("dynamic_cman", "minilm", "words", (16, 16)), ("dynamic_cman", "minilm", "minilm", (6, 6))]
    assert leads[0].paper == pytest.approx((8.11, 11.51))
    assert [lead.reference.inputs for lead in find_leads(collect(tmp_path))] == ["minilm"]
    assert [*describe_leads(leads)] == [
        "Dynamic CMAN leads the baseline by +16.00 / +16.00 F1 (entities / relations) if only dynamic CMAN reads "
        "MiniLM, and by +6.00 / +6.00 if both do."
    ]


def test_table_of_leads(tmp_path):
    write_leads(tmp_path)
    table = make_difference_table(find_leads(collect(tmp_path), as_in_papers=True), "Leads")
    assert table.rows[0] == (
        "dynamic CMAN", "MiniLM", "words", "entities", "+16.00", "+8.11", "one run each", "1 and 1"
    )  # fmt: skip
    assert len(table.rows) == 4
    assert table.notes == (
        "Epochs allowed: 180 (patience 0), against 131 (patience 40) for the runs compared with.",
    )  # fmt: skip


def test_leads_of_what_was_tuned(tmp_path):
    """A tuned CMAN is compared with the baseline; a tuned baseline is not."""
    tuned = {"adversarial_alpha": 0.1, "weight_average": 0.995}
    for name, f1, flags in (
        ("conll04/multihead-words", 50.0, baseline_flags()),
        ("tuned/multihead_tuned-words", 59.0, baseline_flags(**tuned)),
        ("tuned/cman_tuned-words", 53.0, {**make_result(1.0, 1, model="cman")["flags"], **tuned}),
    ):
        write_results(tmp_path, {f"{name}-seed1": {**make_result(f1, 1, model=flags["model"]), "flags": flags}})
    (lead,) = find_leads(collect(tmp_path, "tuned"))
    assert (lead.line.row.key, lead.ours(), lead.paper) == ("cman_tuned", (3, 3), (None, None))


def write_effects(folder):
    """Seeds 80 and 82 without the change; dev 42 in the mean, and 39 with the change."""
    attentions = ("self_attention", "label_attention")
    for name, f1, dev, changes in (
        ("conll04/dynamic_cman-words-seed1", 80.0, 41.0, {}),
        ("conll04/dynamic_cman-words-seed2", 82.0, 43.0, {}),
        ("ablations/dynamic_cman_no_attention-words-seed1", 78.5, None, dict.fromkeys(attentions, False)),
        (
            "ablations/dynamic_cman_mlp-words-seed1",
            70.0,
            39.0,
            {"cell": "mlp", "mlp_layers": 1, "epochs": 60, "patience": 20},
        ),
    ):
        content = make_result(f1, int(name[-1]), **changes)
        write_results(folder, {name: {**content, **({"dev": make_scores(dev)} if dev else {})}})


def test_effects(tmp_path):
    write_effects(tmp_path)
    both, mlp = find_effects(collect(tmp_path, "ablations"))
    assert (both.ours(), both.ours(split="dev")) == ((-2.5, -2.5), None)
    assert both.paper == pytest.approx((-1.86, -4.25))
    assert (mlp.ours(), mlp.ours(split="dev")) == ((-11, -11), (-3, -3))
    assert mlp.paper == pytest.approx((-0.93, -1.30))
    assert (allowed_epochs(mlp.line), allowed_epochs(mlp.reference)) == ("60 (patience 20)", "180 (patience 0)")
    assert not [*mlp.opposite_tasks()]


def test_a_run_that_differs_in_something_else_is_no_measure_of_the_change(tmp_path):
    write_effects(tmp_path)
    write_results(
        tmp_path,
        {"ablations/dynamic_cman_mlp-words-seed1": make_result(70.0, 1, cell="mlp", mlp_layers=1, batch_size=4)},
    )
    assert [e.line.row.key for e in find_effects(collect(tmp_path, "ablations"))] == ["dynamic_cman_no_attention"]


def test_effects_of_the_opposite_sign(tmp_path):
    write_effects(tmp_path)
    write_results(tmp_path, {"ablations/dynamic_cman_mlp-words-seed1": make_result(83.0, 1, cell="mlp", mlp_layers=1)})
    _, mlp = find_effects(collect(tmp_path, "ablations"))
    assert [(task, own) for task, own, _ in mlp.opposite_tasks()] == [("entities", 2.0), ("relations", 2.0)]


@pytest.mark.extra(name="report")
def test_table_of_effects(tmp_path):
    """p of one run beside two that deviate by 1.41: t = 11 / (1.41 * sqrt(1.5)) with one degree of freedom."""
    write_effects(tmp_path)
    table = make_difference_table(find_effects(collect(tmp_path, "ablations")), "Effects")
    (row,) = (row for row in table.rows if "MLP" in row[0] and row[2] == "entities")
    values = dict(zip(table.header, row))
    numbers = [values[name] for name in ("ours", "paper", "on dev", "runs")]
    assert numbers == ["-11.00", "-0.93", "-3.00", "1 and 2"]
    half = 12.7062 * 2**0.5 * 1.5**0.5
    assert values["95 % interval"] == f"{-11 - half:+.2f} to {-11 + half:+.2f}"
    assert values["p"] == f"{2 / math.pi * math.atan(2**0.5 * 1.5**0.5 / 11):.3f}"  # Student's t with one degree
    assert "with an MLP of one layer for each BiLSTM): 60 (patience 20)" in table.notes[0]
    assert {len(row) for row in table.rows} == {len(table.header)}
