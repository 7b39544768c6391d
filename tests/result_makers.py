"""Result files as cman_tf.train writes them, with made-up scores."""

import dataclasses
import json

from helpers import ROOT

from cman_tf.config import Config
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.experiments.catalogue import EXPERIMENTS
from cman_tf.experiments.lines import ResultFolder, collect_lines
from cman_tf.runs.flagfile import config_from_flagfile
from cman_tf.scoring.breakdowns import by_distance, by_length
from cman_tf.scoring.score import score_sentences


def make_result(f1, seed, **changes):
    """A result with one F1 for both tasks, of a configuration with these changes."""
    flags = dataclasses.asdict(Config(seed=seed, **changes).resolved())
    return {
        "corpus": {"name": "conll04_spert"},
        "flags": flags,
        "inputs": "words",
        "protocol": "best dev epoch",
        "seed": seed,
        "epochs": 9,
        "best_epoch": 5,
        "test": make_scores(f1),
        "time": {"epoch_seconds_median": 12.5, "dev_seconds_median": 1.5},
        "environment": {"cores": 2},
    }


def make_scores(f1):
    """The scores of the oldest result files, which hold strict micro F1 only."""
    return {"strict": {"micro": {task: {"f1": f1} for task in ("entities", "relations")}}}


def baseline_flags(**changes):
    """The baseline's settings on CoNLL04."""
    return {**dataclasses.asdict(config_from_flagfile(ROOT / "flags" / "conll04_multihead.flags")), **changes}


def write_results(folder, results):
    """Write results, by path below the folder without .json."""
    for name, content in results.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


def collect(folder, name="conll04"):
    """The lines of an experiment, of all result files in the folder."""
    return collect_lines(name, EXPERIMENTS[name], ResultFolder(folder))


def full_scores():
    """Scores of every convention, length and distance: entities right, of four relations two found, F1 200 / 3."""
    gold = [
        Sentence(
            ("Ann", "Lee", "of", "Rome", "works", "for", "Fox", "."),
            (Entity("Peop", 0, 2), Entity("Loc", 3, 4), Entity("Org", 6, 7)),
            (Relation("Live_In", 0, 1), Relation("Work_For", 0, 2)),
        ),
        Sentence(
            ("Fox", "News", "Corp.", "in", "the", "city", "of", "Rome", "hired", "Bo", "of", "Bonn"),
            (Entity("Org", 0, 3), Entity("Loc", 7, 8), Entity("Peop", 9, 10), Entity("Loc", 11, 12)),
            (Relation("OrgBased_In", 0, 1), Relation("Live_In", 2, 3)),
        ),
    ]
    found = [dataclasses.replace(sentence, relations=sentence.relations[:1]) for sentence in gold]
    groups = {"by_length": by_length(gold, found), "by_distance": by_distance(gold, found)}
    without = {"without_overlaps": score_sentences(gold[:1], found[:1])}
    return {**score_sentences(gold, found), **groups, **without}


def write_everything(folder):
    """Write results for every part of the report: CoNLL04, ablations, sizes, ADE, decoding times, other runs."""
    scores = full_scores()
    dynamic = {"test": scores, "dev": scores}
    baseline = {**dynamic, "flags": baseline_flags()}
    ade = {**baseline, "corpus": {"name": "ade_spert", "test": {"file": "ade_split_0_test.json", "sha256": "a"}}}
    results = {f"conll04/dynamic_cman-words-seed{seed}": {**make_result(0, seed), **dynamic} for seed in (1, 2)}
    results |= {f"ade/multihead-words-fold{fold}-seed1": {**make_result(0, 1), **ade} for fold in (0, 3)}
    results |= {
        "conll04/multihead-words-seed1": {**make_result(0, 1), **baseline},
        "ablations/dynamic_cman_mlp-words-seed1": {**make_result(0, 1, cell="mlp", mlp_layers=1), **dynamic},
        "sizes/dynamic_cman_60-words-seed1": {**make_result(0, 1, train_fraction=0.6), **dynamic},
        "timing/epoch": make_result(80.0, 1),
        "sample": {**make_result(70.0, 1), "corpus": {"name": "sample"}},
        "decoding_time/words-seed1": {
            "seconds": {"multihead": 0.5, "dynamic_cman": 1.5},
            "overall_f1": {"multihead": 70.0, "dynamic_cman": 72.0},
            "inputs": "words",
            "seed": 1,
            "of": "CoNLL04",
        },
    }
    write_results(folder, results)
