"""Cases from the field that touch annotated data: each has a small test with the right value.

The numbers are those of the project's list of cases. `case_inputs.COVERED` names the cases that the tests of a module
cover as a whole; the cases of scores, and those of predict, evaluate and train have files of their own.
"""

import csv
import json

import pytest
from case_inputs import COVERED, FILES, WORKS, record, row, run, write_brat, write_json
from helpers import ROOT, fails_with, write_file

from cman_tf import Entity, Relation, Sentence, read_corpus, write_corpus
from cman_tf.data.problems import Problems
from cman_tf.errors import DataError
from cman_tf.formats.registry import REGISTRY


def convert(source, *arguments):
    """Convert to SpERT's JSON beside the source; returns the records and the lines that were printed about it."""
    target = source.parent / "converted.json"
    process = run("convert", source, target, "--to=spert", "--overwrite", *arguments)
    return json.loads(target.read_text(encoding="utf-8")), process.stderr.splitlines()


def spans(one):
    """The entities of a record."""
    return [(e["type"], e["start"], e["end"]) for e in one["entities"]]


def test_covered_cases_have_their_tests():
    for names in COVERED.values():
        for name in names.split():
            file, function = name.split("::")
            assert f"def {function}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_tool_is_read(name, tmp_path):
    """What each tool writes is recognised, and read without a complaint."""
    file, content, kinds, has_relation = FILES[name]
    problems = Problems(strict=True)
    sentences = read_corpus(write_file(tmp_path, content, file), problems=problems).sentences
    assert len(sentences) == 1 + (name == "spert")
    for sentence in sentences:
        assert sentence.tokens == (*WORKS, ".")
        assert sentence.entities == (Entity(kinds[0], 0, 2), Entity(kinds[1], 4, 6))
        assert sentence.relations == ((Relation("works_for", 0, 1),) if has_relation else ())


def test_case_01_line_ends_that_count_once_or_twice(tmp_path):
    text = "Ann met Bob.\r\nHe left.\r\n"
    both, once = (
        write_brat(tmp_path / name, text, f"T1 | Per {at} | He") for name, at in (("x", "14 16"), ("y", "13 15"))
    )
    (first, lines), (second, said) = convert(both), convert(once)
    assert first == second and spans(first[1]) == [("Per", 0, 1)] and first[1]["tokens"][0] == "He"
    assert not lines and said == ["offsets of 1 document count CRLF as one character"]
    neither = write_brat(tmp_path / "z", text, "T1 | Per 0 3 | Ann", "T2 | Per 12 14 | He")
    process = run("convert", neither, tmp_path / "z.json", "--to=spert", code=1)
    fails_with(process, "a.ann, line 2: T2 says 'He', text 12..14 is '\\r\\n'")


def test_case_07_other_lines_are_counted_in_sentences(tmp_path):
    lines = ["R1 | Coref Anaphora:T2 Antecedent:T1", "R2 | Support Arg1:T1 Arg2:", "* | Equiv T1 T2", "A1 | Neg T1"]
    lines += [
        "#1 | AnnotatorNotes T1 | hm",
        "N1 | Reference T1 Wiki:1 | x",
        "T1 | Per 0 3 | Ann",
        "T2 | Per 8 11 | she",
    ]
    folder = write_brat(tmp_path / "p", "Ann saw she left", *lines)
    (found,), said = convert(folder)
    assert found["relations"] == [{"type": "Coref", "head": 1, "tail": 0}]
    assert said[0].startswith(f"1 relation without an argument: {folder}/a.ann, line 2 (R2: 'Support Arg1:T1 Arg2:' is")
    assert said[1:] == [
        "1 relation with other argument names than Arg1 and Arg2; the first argument is the head",
        "1 equivalence left out",
        "1 attribute left out",
        "1 note left out",
        "1 normalisation left out",
    ]
    fails_with(run("convert", folder, tmp_path / "s", "--to=spert", "--strict", code=1), "a.ann, line 2: R2: ")


def test_case_08_mentions_inside_tokens(tmp_path):
    text = "anti-Gadhafi forces took AHU-G1-V-1-Ctrl-Md"
    lines = "T1 | Per 5 12 | Gadhafi", "T2 | Part 25 35 | AHU-G1-V-1", "R1 | Took Arg1:T1 Arg2:T2"
    folder = write_brat(tmp_path / "p", text, *lines)
    (found,), said = convert(folder)
    assert [found["tokens"][start:end] for _, start, end in spans(found)] == [["Gadhafi"], ["AHU-G1-V-1"]]
    assert found["relations"] == [{"type": "Took", "head": 0, "tail": 1}]
    assert said == ["2 tokens cut where a mention begins or ends inside"]
    process = run("check", folder, code=1)  # one document cannot be split
    assert "100.0 % of the mentions are inside tokens of the predict tokenizer (default)" in process.stdout


def test_case_10_relation_across_sentences(tmp_path):
    document = {
        "doc_key": "d",
        "sentences": [["Ann", "was", "born", "."], ["Oslo", "is", "home", "."]],
        "ner": [[[0, 0, "Per"]], [[4, 4, "Loc"]]],
        "relations": [[[0, 0, 4, 4, "Live_In"]], []],
    }
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps(document))
    found, said = convert(path)
    assert [len(one["relations"]) for one in found] == [0, 0]
    assert said[0].startswith("1 relation across sentences: ") and "line 1, sentence 0, relations 0" in said[0]
    (joined,), said = convert(path, "--join_sentences")
    assert spans(joined) == [("Per", 0, 1), ("Loc", 4, 5)] and len(joined["relations"]) == 1
    assert said == ["1 sentence joined to the one before, because a relation connects the two"]


def test_case_11_tabs_and_line_ends_in_tokens(tmp_path):
    tokens = ["Ann", "lives\tnow", "in\n", "Oslo"]
    source = write_json(tmp_path / "a.json", record(tokens, ("Per", 0, 2), ("Loc", 2, 4), relations=[("In", 0, 1)]))
    (given,) = read_corpus(source).sentences
    assert given.tokens == tuple(tokens)
    for name, form in REGISTRY.items():
        if not (form.is_written and form.read) or form.extra:
            continue
        target, problems = tmp_path / f"out_{name}", Problems()
        write_corpus([given], target, name, problems)
        (read,) = read_corpus(target, name).sentences
        assert len(read.entities) == 2 and len(read.relations) == 1, name
        changed = [token.replace("\t", " ").replace("\n", " ") for token in tokens]
        if name in ("conll", "multihead", "multihead_root"):
            assert read.tokens == tuple(changed) and problems.counts["text with a tab or a line end"] == 2
        else:  # texts keep what they hold, and their blanks are no tokens
            assert "".join("".join(read.tokens).split()) == "AnnlivesnowinOslo", name
        (again,) = read_corpus(_written_again(read, tmp_path / f"again_{name}", name), name).sentences
        assert (again.tokens, again.entities) == (read.tokens, read.entities), name


def _written_again(sentence, path, name):
    write_corpus([sentence], path, name, Problems(strict=True))
    return path


def test_case_13_exports_without_relations(tmp_path):
    texts = [{"id": n, "text": "Ann met Bo", "label": [{"start": 0, "end": 3, "labels": ["Per"]}]} for n in range(3)]
    texts[0]["label"] += [{"start": 4, "end": 7, "labels": ["Act"]}, {"start": 8, "end": 10, "labels": ["Per"]}]
    texts[1]["label"] += [{"start": 8, "end": 10, "labels": ["Per"]}] * 1
    texts[2]["label"] += [{"start": 8, "end": 10, "labels": ["Per"]}] * 1
    small = write_json(tmp_path / "min.json", *texts)
    process = run("check", small)
    assert "3 texts, 7 entities, 0 relations: a JSON-MIN export drops relations, export JSON" in process.stderr
    entities = [{"id": n, "label": "Per", "start_offset": n * 8, "end_offset": n * 8 + 2 + (n == 0)} for n in (0, 1)]
    lines = [json.dumps({"id": n, "text": f"Ann met Bo {n}", "entities": entities, "relations": []}) for n in range(4)]
    (tmp_path / "all.jsonl").write_text("\n".join(lines))
    process = run("check", tmp_path / "all.jsonl")
    assert "all.jsonl: no relations; a model trained on it learns entities alone" in process.stdout


def test_case_14_lists_lines_and_single_records(tmp_path):
    one, two = record(WORKS, ("Per", 0, 2)), record("Bo left", ("Per", 0, 1))
    line, other = json.dumps(one), json.dumps(two)
    contents = [f"{line}\n{other}\n", f"{line}\n\n\n{other}", f"[{line}, {other}]", json.dumps([one, two], indent=2)]
    for content in contents:
        assert [s.tokens for s in read_corpus(write_file(tmp_path, content)).sentences] == [WORKS, ("Bo", "left")]
    for content in (line, json.dumps(one, indent=2)):
        assert [s.tokens for s in read_corpus(write_file(tmp_path, content)).sentences] == [WORKS]
    broken = "\n".join([line] * 6 + [line[:-9]] + [line])
    with pytest.raises(DataError, match=r"train\.txt, line 7: not JSON"):
        read_corpus(write_file(tmp_path, broken))


BANK = record(
    "Bank of China opened",
    ("Org", 0, 3),
    ("Loc", 2, 3),
    ("Org", 0, 3),
    ("Agent", 0, 3),
    relations=[("In", 0, 1), ("Own", 3, 1), ("Has", 0, 3)],
)


def test_case_15_two_types_and_overlaps(tmp_path):
    """The second Org is a duplicate; of the three that are left, one can be tagged."""
    path = write_json(tmp_path / "a.json", *[{**BANK, "orig_id": str(n)} for n in range(4)])
    process = run("check", path)
    assert "a.json: of 12 entities 4 can be tagged; 12 relations cannot be learned" in process.stdout
    assert "Agent: Bank of China" in process.stdout
    assert (
        process.stderr.startswith("4 duplicate entities: ") and "Org 'Bank of China' is given twice" in process.stderr
    )
    process = run("score", f"--gold={path}", f"--predictions={path}")
    assert "one tag for each token: recall is at most 33.33 for entities and 0.00 for relations" in process.stdout
    assert row(process, "entities, micro")[:3] == ["12", "0", "0"]  # scoring counts all


def test_case_20_inside_tags(tmp_path):
    tags = {"one.txt": ["I-PER", "I-PER", "O", "I-PER", "B-PER"], "two.txt": ["B-PER", "O", "I-PER", "I-PER", "B-PER"]}
    found = {}
    for name, file in tags.items():
        path = tmp_path / name
        path.write_text("".join(f"t{n} {tag}\n" for n, tag in enumerate(file)))
        (one,), said = convert(path)
        found[name] = spans(one), said
    first, second = found.values()
    assert first == ([("PER", 0, 2), ("PER", 3, 4), ("PER", 4, 5)], ["tags of 1 file read in the scheme IOB1"])
    assert second[0] == [("PER", 0, 1), ("PER", 2, 4), ("PER", 4, 5)]
    assert second[1] == ["1 inside tag without a begin tag, read as the begin of an entity"]


SEPARATORS = ("a\u2028b", "a\u0085b", "a\x0cb", "a\u2029b", "a\x1cb")


def test_case_23_separators_that_are_none(tmp_path):
    sentence = Sentence(SEPARATORS, (Entity("X", 1, 2),))
    for name in ("conll", "multihead", "spert", "spert_lines", "dygie"):
        write_corpus([sentence] * 3, tmp_path / name, name, Problems(strict=True))
        read = read_corpus(tmp_path / name).sentences
        assert [(s.tokens, s.entities) for s in read] == [(sentence.tokens, sentence.entities)] * 3, name


def test_case_24_byte_order_marks(tmp_path):
    mark = b"\xef\xbb\xbf"
    for name, line in (("columns", b"Ann B-P\n"), ("lines", json.dumps(record("Ann", ("P", 0, 1))).encode() + b"\n")):
        path, problems = tmp_path / name, Problems()
        path.write_bytes(mark + line + b"\n" + mark + line)  # as of cat a.txt b.txt
        read = read_corpus(path, problems=problems).sentences
        assert [(s.tokens, s.entities) for s in read] == [(("Ann",), (Entity("P", 0, 1),))] * 2
        assert problems.counts["byte order mark inside the file"] == 1
        (line_of_problem,) = problems.summarize()
        assert f"{name}, line 3 (the line begins with U+FEFF" in line_of_problem
    (kept,) = read_corpus(write_json(tmp_path / "a.json", record(["x", "\ufeffAnn"]))).sentences
    assert kept.tokens == ("x", "\ufeffAnn")  # a token is kept as it is


CHEN = Sentence(
    tuple("Dr Chen wrote that Dr Chen lives in Rome".split()),
    (Entity("Per", 0, 2), Entity("Per", 4, 6), Entity("Loc", 8, 9)),
    (Relation("Live_In", 1, 2),),
)


@pytest.mark.parametrize("name", [n for n, f in REGISTRY.items() if f.is_written and f.read and not f.extra])
def test_case_29_which_mention(name, tmp_path):
    """Every format that is read again says which of two equal mentions the relation is on."""
    write_corpus([CHEN], tmp_path / "out", name, Problems())
    (read,) = read_corpus(tmp_path / "out", name).sentences
    (relation,) = read.relations
    assert (read.entities[relation.head].start, read.entities[relation.tail].start) == (4, 8)


def test_case_29_which_mention_in_cypher(tmp_path):
    write_corpus([CHEN], tmp_path / "out", "cypher", Problems())
    written = (tmp_path / "out").read_text()
    assert written.count("Dr Chen") >= 2 and "start: 19" in written.replace("start:19", "start: 19")


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        (
            [("P", 0, 1), ("P", 2, 3), ("P", 5, 5)],
            "1 of 3 spans have start = end: are ends included? (--ends=inclusive)",
        ),
        ([("P", 40, 45)], "span 40 to 45, expected start < end, both within 6 tokens; does the file count characters?"),
    ],
)
def test_case_30_what_spans_count(entities, message, tmp_path):
    path = write_json(tmp_path / "a.json", record(WORKS, *entities))
    fails_with(run("convert", path, tmp_path / "b.json", "--to=spert", code=1), f"{path}, record 0, entity", message)


def test_case_30_included_ends_are_read_and_seen(tmp_path):
    path = write_json(tmp_path / "a.json", *[record(WORKS, ("Per", 0, 1), ("Org", 4, 5))] * 4)
    assert "Per: Ada\n" in run("check", path).stdout  # of Ada Reed: so the shift is seen
    assert "Per: Ada Reed\n" in run("check", path, "--ends=inclusive").stdout
    (found, *_), _ = convert(path, "--ends=inclusive")
    assert spans(found) == [("Per", 0, 2), ("Org", 4, 6)]


def test_case_43_a_relation_of_an_entity_with_itself(tmp_path):
    entities = [("Protein", n, n + 1) for n in range(6)]
    relations = [("Bind", 0, 0), *(("Bind", n, n + 1) for n in range(5))]
    path = write_json(tmp_path / "a.json", record("a b c d e f", *entities, relations=relations))
    (found,), said = convert(path)
    assert len(found["relations"]) == 5
    assert said == [
        f"1 self relation: {path}, record 0, relation 0 (Bind from entity 'a' to itself, expected two entities)"
    ]
    fails_with(run("convert", path, tmp_path / "b", "--to=spert", "--strict", code=1), "record 0, relation 0: Bind")


def test_the_table_of_triples_names_the_places(tmp_path):
    """Case 29: a relation that is given by texts is found again by their places."""
    write_corpus([CHEN], tmp_path / "out.csv", "triples_csv", Problems())
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert any("19" in row.values() for row in rows)


def test_the_cases_of_data_have_tests():
    """Each has a test with its number, or is in the list of covered cases."""
    files = [
        ROOT / "tests" / name
        for name in ("test_cases_formats.py", "test_cases_predict.py", "test_cases_scores.py", "test_cases_locale.py")
    ]
    text = "".join(file.read_text(encoding="utf-8") for file in files)
    cases = [1, 2, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 18, 20, 21, 23, 24, 25, 27, 29, 30, 32, 33, 35, 36, 37, 38, 39]
    cases += [41, 43, 45, 46, 48, 57, 59]
    assert [n for n in cases if f"def test_case_{n:02}_" not in text and n not in COVERED] == []
