"""One recipe for the three models of CoNLL04, chosen on dev."""

from result_makers import baseline_flags, collect, make_result, make_scores, write_results

from cman_tf.experiments.recipe import choose_recipe, describe_recipe, find_recipe_leads

TUNED = {"adversarial_alpha": 0.1, "weight_average": 0.995}


def write(folder, name, test, dev, seeds=(1, 2), flags=None):
    for seed in seeds:
        content = make_result(test + seed, seed)
        content["flags"].update(flags or {})
        content |= {"dev": make_scores(dev)}
        content["test"]["counts"] = {"sentences": 288}
        write_results(folder, {f"{name}-seed{seed}": content})


def write_models(folder):
    """On dev dynamic CMAN is best with MiniLM and tuned, the baseline with words."""
    write(folder, "conll04/dynamic_cman-words", 90.0, 60.0)
    write(folder, "conll04/dynamic_cman-minilm", 80.0, 70.0)
    write(folder, "conll04/multihead-words", 70.0, 60.0, flags=baseline_flags())
    write(folder, "conll04/multihead-minilm", 75.0, 55.0, flags=baseline_flags())
    write(folder, "tuned/dynamic_cman_tuned-minilm", 85.0, 75.0, flags=TUNED)


def choose(folder):
    return choose_recipe({"conll04": collect(folder), "tuned": collect(folder, "tuned")})


def test_the_recipe_is_that_of_most_models_with_the_best_mean_on_dev(tmp_path):
    """Tuned, 75 for one model, loses against MiniLM, (70 + 55) / 2 for two, which wins against words, 60."""
    write_models(tmp_path)
    chosen = choose(tmp_path)
    assert list(chosen) == ["multihead", "dynamic_cman"]
    assert {line.inputs for line in chosen.values()} == {"minilm"}
    assert describe_recipe(chosen) == "the flagfiles' settings"


def test_a_tuned_recipe_of_all_models_wins(tmp_path):
    write_models(tmp_path)
    write(tmp_path, "tuned/multihead_tuned-minilm", 76.0, 55.0, flags=baseline_flags(**TUNED))
    chosen = choose(tmp_path)
    assert [line.row.key for line in chosen.values()] == ["multihead_tuned", "dynamic_cman_tuned"]
    assert describe_recipe(chosen) == "the flagfiles' settings and --adversarial_alpha=0.1 --weight_average=0.995"
    (lead,) = find_recipe_leads(chosen)
    assert lead.ours() == (9.0, 9.0)
    assert [round(x, 2) for x in lead.paper] == [8.11, 11.51]


def test_few_runs_count_only_where_there_are_no_more(tmp_path):
    """With three runs on words, two on MiniLM do not count for dynamic CMAN."""
    write_models(tmp_path)
    write(tmp_path, "conll04/dynamic_cman-words", 60.0, 60.0, seeds=(3,))
    assert {line.inputs for line in choose(tmp_path).values()} == {"words"}


def test_without_results(tmp_path):
    assert choose(tmp_path) == {}
    assert find_recipe_leads({}) == []
