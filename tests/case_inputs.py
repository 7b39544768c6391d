"""Small inputs that the tests of the cases share, in our own words; and the list of cases that other tests cover."""

import json

from helpers import call_command

# Case -> the test that has its right value, where a test of the module itself covers the case as a whole.
COVERED = {
    2: "test_brat.py::test_discontinuous_mentions_are_left_out",
    5: "test_brat.py::test_an_end_that_is_included",
    6: "test_brat.py::test_events test_brat.py::test_events_as_relations",
    10: "test_brat.py::test_a_relation_between_sentences_keeps_them_together "
    "test_annotated_text.py::test_relations_across_given_sentences "
    "test_dygie_lines.py::test_relation_across_sentences test_dygie_lines.py::test_sentences_are_joined_on_request",
    12: "test_label_studio.py::test_what_offsets_count_is_found test_label_studio.py::test_emoji_and_line_end "
    "test_label_studio.py::test_offsets_without_texts",
    18: "test_conll_columns.py::test_conll2003 test_conll_columns.py::test_borders_of_documents",
    21: "test_conll_columns.py::test_schemes test_conll_columns.py::test_a_mix_of_schemes_is_refused",
    46: "test_crf.py::test_crf_likelihood_by_all_sequences",
    57: "test_extractor.py::test_long_text test_predict.py::test_bad_arguments",
}


def run(command, *arguments, code=0, **options):
    """Run a command, which must end with this code."""
    process = call_command(f"cman_tf.{command}", *map(str, arguments), **options)
    assert process.returncode == code, process.stderr
    return process


def row(process, name):
    """The values of a row of a printed table of scores."""
    (found,) = [line for line in process.stdout.splitlines() if line.startswith(name + " ")]
    return found.removeprefix(name).split()


def record(tokens, *entities, relations=(), **values):
    """A record of SpERT's JSON; entities as (type, start, end), relations as (type, head, tail)."""
    return {
        "tokens": tokens.split() if isinstance(tokens, str) else list(tokens),
        "entities": [dict(zip(("type", "start", "end"), entity)) for entity in entities],
        "relations": [dict(zip(("type", "head", "tail"), relation)) for relation in relations],
        **values,
    }


def write_json(path, *records):
    """Write a list of records; returns the path."""
    path.write_text(json.dumps(list(records), ensure_ascii=False), encoding="utf-8")
    return path


def write_brat(folder, text, *lines, name="a"):
    """Write a text and the lines of its .ann file, in which | stands for a tab; returns the folder."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_bytes(text.encode())
    (folder / f"{name}.ann").write_text("".join(line.replace(" | ", "\t") + "\n" for line in lines), encoding="utf-8")
    return folder


WORKS = ("Ada", "Reed", "works", "for", "Orion", "Labs")
TEXT = "Ada Reed works for Orion Labs."
_REED, _LABS = {"start": 0, "end": 8}, {"start": 19, "end": 29}
_PLACES = [(0, 3), (4, 8), (9, 14), (15, 18), (19, 24), (25, 29), (29, 30)]


def _label_studio():
    spans = [(_REED, "Person", "a"), (_LABS, "Organisation", "b")]
    result = [
        {
            "id": key,
            "from_name": "label",
            "to_name": "text",
            "type": "labels",
            "value": {**place, "text": TEXT[place["start"] : place["end"]], "labels": [kind]},
        }
        for place, kind, key in spans
    ]
    result.append({"from_id": "a", "to_id": "b", "type": "relation", "direction": "right", "labels": ["works_for"]})
    return [{"id": 1, "data": {"text": TEXT}, "annotations": [{"id": 1, "result": result}]}]


def _doccano():
    entities = [
        {"id": n, "label": kind, "start_offset": place["start"], "end_offset": place["end"]}
        for n, (place, kind) in enumerate([(_REED, "Person"), (_LABS, "Organisation")], start=10)
    ]
    relations = [{"id": 5, "from_id": 10, "to_id": 11, "type": "works_for"}]
    return {"id": 1, "text": TEXT, "entities": entities, "relations": relations, "Comments": []}


_SPERT = record([*WORKS, "."], ("Person", 0, 2), ("Organisation", 4, 6), relations=[("works_for", 0, 1)])
_SPACY = {
    "text": TEXT,
    "ents": [{**_REED, "label": "Person"}, {**_LABS, "label": "Organisation"}],
    "tokens": [{"id": n, "start": start, "end": end} for n, (start, end) in enumerate(_PLACES)],
}

# One file of each format, as its tool writes it: its name and content, the format, the entities' types, and whether it
# has the relation.
FILES = {
    "label_studio": ("export.json", json.dumps(_label_studio(), indent=1), ("Person", "Organisation"), True),
    "doccano": ("all.jsonl", json.dumps(_doccano()) + "\n", ("Person", "Organisation"), True),
    "spacy_json": ("docs.json", json.dumps([_SPACY]), ("Person", "Organisation"), False),
    "spert": ("lines.jsonl", f"{json.dumps(_SPERT)}\n{json.dumps(_SPERT)}\n", ("Person", "Organisation"), True),
    "triples_csv": (
        "triples.csv",
        f'sentence,head,relation,tail\n"{TEXT}",Ada Reed,works_for,Orion Labs\n',
        ("Entity", "Entity"),
        True,
    ),
    "conll": (
        "conll.txt",
        "-DOCSTART- -X- -X- O\n\n"
        "Ada NNP B-NP B-Person\nReed NNP I-NP I-Person\nworks VBZ B-VP O\nfor IN B-PP O\n"
        "Orion NNP B-NP B-Organisation\nLabs NNP I-NP I-Organisation\n. . O O\n",
        ("Person", "Organisation"),
        False,
    ),
}
