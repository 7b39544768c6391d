"""brat standoff: the cases of the field, the writer, and both ways."""

import shutil

import pytest
from documents import assert_reads_or_refuses, break_file, list_spans, write_and_read
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import documents

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.formats.source import ReadOptions

one_folder = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def read(tmp_path):
    """Write a .txt and an .ann file, and read the folder."""

    def read(text, annotations, strict=False, **options):
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        (folder / "a.txt").write_bytes(text.encode())
        (folder / "a.ann").write_bytes(annotations.encode())
        problems = Problems(strict=strict)
        sentences = read_corpus(folder, problems=problems, options=ReadOptions(**options)).sentences
        return sentences, problems

    return read


def mentions_of(sentences):
    """The entities as (type, text)."""
    return [(e.type, s.text[s.offsets[e.start][0] : s.offsets[e.end - 1][1]]) for s in sentences for e in s.entities]


@pytest.mark.parametrize(("start", "end"), [(14, 16), (13, 15)])
def test_line_ends_count_once_or_twice(read, start, end):
    sentences, problems = read("Ann met Bob.\r\nHe left.\r\n", f"T1\tPer {start} {end}\tHe\n")
    assert mentions_of(sentences) == [("Per", "He")]
    assert "".join(s.text for s in sentences) == "Ann met Bob.\r\nHe left.\r\n"
    assert problems.counts["documents_with_offsets_in_CRLF_as_one_character"] == (start == 13)


def test_offsets_that_fit_neither_are_refused_at_the_first(read):
    with pytest.raises(DataError, match=r"a\.ann, line 2: T2 says 'He', text 12\.\.14 is '\\r\\n'"):
        read("Ann met Bob.\r\nHe left.\r\n", "T1\tPer 0 3\tAnn\nT2\tPer 12 14\tHe\n")


DISCONTINUOUS = "T1\tPart 0 4;15 19\tleft lung\nT2\tPart 9 19\tright lung\nR1\tSide Arg1:T1 Arg2:T2\n"


def test_discontinuous_mentions_are_left_out(read):
    sentences, problems = read("left and right lung are clear", DISCONTINUOUS)
    assert mentions_of(sentences) == [("Part", "right lung")] and not sentences[0].relations
    assert problems.counts == {"discontinuous mention": 1, "relation on an omitted entity": 1}
    first, second = problems.summarize()
    assert "1 discontinuous mention: " in first and "T1: Part 'left lung' has 2 fragments" in first
    assert "1 relation on an omitted entity: " in second and "R1: Side names 'T1'" in second
    with pytest.raises(DataError, match="line 1: T1: Part 'left lung' has 2 fragments"):
        read("left and right lung are clear", DISCONTINUOUS, strict=True)


def test_fragments_on_two_lines_are_one_mention(read):
    """brat cuts a mention at the end of a line."""
    sentences, problems = read("in New\nYork now", "T1\tLoc 3 6;7 11\tNew York\n")
    assert mentions_of(sentences) == [("Loc", "New\nYork")]
    assert problems.counts == {"mentions_whose_fragments_are_joined": 1}


def test_an_end_that_is_included(read):
    with pytest.raises(DataError, match=r"a\.ann, line 1: T1 says 'Ann', text 0\.\.2 is 'An'; ends are not included"):
        read("Ann left", "T1\tPer 0 2\tAnn\n")
    with pytest.raises(DataError, match="did you mean 0 3"):
        read("Ann left", "T1\tPer 0 2\tAnn\n")
    sentences, _ = read("Ann left", "T1\tPer 0 2\tAnn\n", ends="inclusive")
    assert mentions_of(sentences) == [("Per", "Ann")]


EVENTS = (
    "T1\tPer 0 3\tAnn\nT2\tAttack 8 14\tattack\nT3\tLoc 18 22\tRome\n"
    "E1\tAttack:T2 Victim:T1 Place:T3\nR1\tCause Arg1:E1 Arg2:T1\nR2\tNear Arg1:T2 Arg2:T1\n"
)


def test_events(read):
    sentences, problems = read("Ann saw attack in Rome", EVENTS)
    assert mentions_of(sentences) == [("Per", "Ann"), ("Loc", "Rome")] and not sentences[0].relations
    assert problems.counts == {"event": 1, "relation on an omitted entity": 2}
    assert "E1: Attack and its trigger T2 are left out" in problems.summarize()[0]
    assert "R1: Cause names 'E1'" in problems.summarize()[1]


def test_events_as_relations(read):
    sentences, problems = read("Ann saw attack in Rome", EVENTS, events="binary")
    assert mentions_of(sentences) == [("Per", "Ann"), ("Attack", "attack"), ("Loc", "Rome")]
    assert set(sentences[0].relations) == {Relation("Near", 1, 0), Relation("Victim", 1, 0), Relation("Place", 1, 2)}
    assert problems.counts == {"relation on an omitted entity": 1}


def test_an_event_as_argument_stands_for_its_trigger(read):
    annotations = (
        "T1\tRun 4 8\truns\nT2\tSee 12 16\tsees\nT3\tPer 0 3\tAnn\n"
        "E1\tRun:T1 Theme:T3 Theme2:T2\nE2\tSee:T2 Theme:E1 Cause:\n"
    )
    sentences, problems = read("Ann runs or sees", annotations, events="binary")
    assert set(sentences[0].relations) == {Relation("Theme", 0, 2), Relation("Theme", 0, 1), Relation("Theme", 1, 0)}
    assert problems.counts == {"event with an incomplete argument": 1}


OTHERS = (
    "R1\tCoref Anaphora:T2 Antecedent:T1\nR2\tSupport Arg1:T1 Arg2:\n*\tEquiv T1 T2\nA1\tNeg T1\n"
    "#1\tAnnotatorNotes T1\thm\nN1\tReference T1 Wiki:1\tx\nT1\tPer 0 3\tAnn\nT2\tPer 8 11\tshe\n"
)


def test_other_kinds_of_lines(read):
    sentences, problems = read("Ann saw she left", OTHERS)
    assert sentences[0].relations == (Relation("Coref", 1, 0),)
    assert problems.counts == {
        "relations_with_other_argument_names_whose_first_is_the_head": 1,
        "relation without an argument": 1,
        "equivalences_left_out": 1,
        "attributes_left_out": 1,
        "notes_left_out": 1,
        "normalisations_left_out": 1,
    }
    with pytest.raises(DataError, match="line 2: R2: 'Support Arg1:T1 Arg2:' is left out, expected two arguments"):
        read("Ann saw she left", OTHERS, strict=True)


def test_arguments_by_name(read):
    sentences, _ = read("Ann left", "T1\tPer 0 3\tAnn\nT2\tAct 4 8\tleft\nR1\tDoes Arg2:T2 Arg1:T1\n")
    assert sentences[0].relations == (Relation("Does", 0, 1),)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T1", "'T1', expected T1, a tab, and what it annotates"),
        ("T1\tPer 0\tAnn", "T1 stands at '0', expected start and end"),
        ("T1\tPer 0 x\tAnn", "T1 stands at '0 x'"),
        (f"T1\tPer 0 {'9' * 5000}\tAnn", "T1 stands at"),
        ("T1\tPer 0 99\tAnn", r"span 0\.\.99, expected start < end, both within 8 characters"),
        ("T1\tPer 3 3\tAnn", r"span 3\.\.3, expected start < end"),
    ],
)
def test_malformed_lines(read, line, message):
    with pytest.raises(DataError, match=message) as error:
        read("Ann left", line + "\n")
    assert ".ann, line 1" in str(error.value) and len(str(error.value).splitlines()) == 1


def test_a_relation_between_sentences_keeps_them_together(read):
    text, annotations = "Ann was born in 1950.\nOslo is her home.\n", "T1\tPer 0 3\tAnn\nT2\tLoc 22 26\tOslo\n"
    assert len(read(text, annotations)[0]) == 2
    (sentence,), problems = read(text, annotations + "R1\tLive_In Arg1:T1 Arg2:T2\n")
    assert sentence.relations == (Relation("Live_In", 0, 1),)
    assert problems.counts == {"sentences_joined_for_a_relation": 1}


def test_a_byte_order_mark_is_a_character_for_some(read):
    for start in (0, 1):
        sentences, problems = read("\ufeffAnn left", f"T1\tPer {start} {start + 3}\tAnn\n")
        assert mentions_of(sentences) == [("Per", "Ann")] and sentences[0].text == "Ann left"
        assert problems.counts["documents_with_offsets_that_count_the_byte_order_mark"] == start


def test_folders_and_single_files(tmp_path):
    inner = tmp_path / "project" / "inner"
    inner.mkdir(parents=True)
    for number in (10, 9):
        (inner / f"{number}.txt").write_text("Ann left")
        (inner / f"{number}.ann").write_text("T1\tPer 0 3\tAnn\n")
    (inner / "lonely.txt").write_text("Bo left")
    (inner / "lost.ann").write_text("")
    problems = Problems()
    sentences = read_corpus(tmp_path / "project", problems=problems).sentences
    assert [s.document_id for s in sentences] == ["inner/9", "inner/10"]
    assert problems.counts == {".txt file without its .ann file": 1, ".ann file without its .txt file": 1}
    for ending in ("txt", "ann"):
        assert [s.document_id for s in read_corpus(inner / f"9.{ending}").sentences] == ["9"]
    with pytest.raises(DataError, match=r"lonely\.ann: No such file"):
        read_corpus(inner / "lonely.txt", "brat")


def test_a_written_project(tmp_path):
    sentence = Sentence(
        ("Ann", "lives\tnow", "in\n", "Oslo"),
        (Entity("Per son", 0, 2), Entity("Loc", 2, 4)),
        (Relation("Live In", 0, 1),),
        document_id="a/b",
        entity_scores=(0.5, 0.5),
        relation_scores=(0.5,),
    )
    problems = Problems()
    write_corpus([sentence, Sentence(("x",), document_id="A_B")], tmp_path / "out", "brat", problems)
    files = {path.name: path.read_bytes().decode() for path in (tmp_path / "out").iterdir()}
    assert sorted(files) == ["A_B-2.ann", "A_B-2.txt", "a_b.ann", "a_b.txt", "annotation.conf"]
    assert files["a_b.txt"] == "Ann lives\tnow in\n Oslo"
    assert files["a_b.ann"] == (
        "T1\tPer_son 0 13\tAnn lives now\nT2\tLoc 14 22\tin  Oslo\nR1\tLive_In Arg1:T1 Arg2:T2\n"
    )
    assert "[entities]\nPer_son\nLoc\n" in files["annotation.conf"]
    assert "[relations]\nLive_In\tArg1:<ENTITY>, Arg2:<ENTITY>\n" in files["annotation.conf"]
    assert problems.counts == {
        "type with a blank": 2,
        "documents_whose_file_has_another_name": 2,
        "sentences_with_scores_that_are_left_out": 1,
    }
    again = read_corpus(tmp_path / "out").sentences
    assert mentions_of(again) == [("Per_son", "Ann lives\tnow"), ("Loc", "in\n Oslo")]


@one_folder
@given(corpus=st.lists(documents(), min_size=1, max_size=3, unique_by=lambda d: d[0].document_id))
def test_what_is_written_is_read_again(corpus, tmp_path):
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    sentences = [sentence for document in corpus for sentence in document]
    again, writing, _ = write_and_read(sentences, tmp_path / "out", "brat")

    def plain(spans):
        kinds = {(kind.replace(" ", "_"), *places) for kind, *places in spans.entities}
        pairs = {
            (kind.replace(" ", "_"), *((end[0].replace(" ", "_"), *end[1:]) for end in ends))
            for kind, *ends in spans.relations
        }
        return spans.text, frozenset(kinds), frozenset(pairs)

    assert {plain(spans) for spans in list_spans(again)} == {plain(spans) for spans in list_spans(sentences)}
    blank = sum(" " in item.type for s in sentences for item in (*s.entities, *s.relations))
    assert writing.counts["type with a blank"] == blank


@pytest.mark.parametrize("events", ["ignore", "binary"])
def test_broken_files_are_refused_in_one_line(tmp_path, events):
    folder = tmp_path / "project"
    folder.mkdir()
    text = "😀 Ann saw attack in Rome,\r\nleft and right lung\r\n".encode()
    whole = (
        b"T1\tPer 2 5\tAnn\nT2\tAttack 10 16\tattack\nT3\tLoc 20 24\tRome\nT4\tPart 27 31;42 46\tleft lung\n"
        b"E1\tAttack:T2 Victim:T1 Place:T3\nR1\tCause Arg1:E1 Arg2:T1\nR2\tNear Arg1:T2 Arg2:T1\n"
        b"R3\tCoref Anaphora:T2 Antecedent:T1\n*\tEquiv T1 T2\nA1\tNeg T1\n#1\tAnnotatorNotes T1\thm\n"
    )
    read = 0
    for seed in range(100):
        (folder / "a.txt").write_bytes(break_file(text, seed) if seed % 5 == 0 else text)
        (folder / "a.ann").write_bytes(break_file(whole, seed) if seed % 5 else whole)
        read += assert_reads_or_refuses(folder, "brat", options=ReadOptions(events=events))
    assert 0 < read < 100
