"""The reader and the writer of CoNLL columns."""

import time

import pytest
from format_checks import fuzz, read_text
from helpers import write_file
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import sentences

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation, Sentence
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus, write_corpus
from cman_tf.formats.source import ReadOptions

CONLL2003 = """-DOCSTART- -X- -X- O

Ada NNP B-NP B-PER
Reed NNP I-NP I-PER
works VBZ B-VP O

. . O O
"""


def read_tags(tmp_path, text, **options):
    """The entities of each sentence, and what was counted."""
    tokens = "\n".join(f"t{n}\t{tag}" if tag else "" for n, tag in enumerate(text.split(" ")))
    corpus = read_corpus(write_file(tmp_path, tokens), **options)
    spans = [[(e.type, e.start, e.end) for e in s.entities] for s in corpus.sentences]
    return spans, {kind: count for kind, count in corpus.mended.items() if count}


def test_conll2003(tmp_path):
    corpus = read_corpus(write_file(tmp_path, CONLL2003))
    assert corpus.sentences == [
        Sentence(("Ada", "Reed", "works"), (Entity("PER", 0, 2),), id="1.1", document_id="1"),
        Sentence((".",), id="1.2", document_id="1"),
    ]
    assert corpus.mended == {"tags_in_column_4_read_and_not_in_3": 1, "inside_tags_without_begin": 0}
    chunks = read_text(tmp_path, CONLL2003, options=ReadOptions(tag_column=3))
    assert [e.type for e in chunks[0].entities] == ["NP", "VP"]


@pytest.mark.parametrize("border", ["-DOCSTART- -X- -X- O", "-DOCSTART-", "-DOCSTART- O", "-DOCSTART-\tO"])
def test_borders_of_documents(tmp_path, border):
    """With any columns, at the end of the file, and several in a row."""
    text = f"{border}\n\nAnn B-PER\n{border}\n\n{border}\nleft O\n\n{border}\n"
    found = read_text(tmp_path, text)
    assert [(s.tokens, s.document_id) for s in found] == [(("Ann",), "1"), (("left",), "3")]


@pytest.mark.parametrize(
    ("tags", "spans", "counts"),
    [
        ("I-PER I-PER O I-PER B-PER", [[("PER", 0, 2), ("PER", 3, 4), ("PER", 4, 5)]], {"tags_in_scheme_IOB1": 1}),
        ("I-PER  I-LOC I-PER", [[("PER", 0, 1)], [("LOC", 0, 1), ("PER", 1, 2)]], {"tags_in_scheme_IOB1": 1}),
        ("B-PER O I-PER I-PER", [[("PER", 0, 1), ("PER", 2, 4)]], {"inside_tags_without_begin": 1}),
        ("B-M E-M B-M E-M", [[("M", 0, 2), ("M", 2, 4)]], {"tags_in_scheme_BIOES": 1}),
        ("S-M S-M", [[("M", 0, 1), ("M", 1, 2)]], {"tags_in_scheme_BIOES": 1}),
        ("B-M M-M E-M", [[("M", 0, 3)]], {"tags_in_scheme_BIOES": 1}),
        ("B-M L-M U-M", [[("M", 0, 2), ("M", 2, 3)]], {"tags_in_scheme_BILOU": 1}),
        (
            "B-M O I-M E-M B-M S-M",
            [[("M", 0, 1), ("M", 2, 4), ("M", 4, 5), ("M", 5, 6)]],
            {"tags_in_scheme_BIOES": 1, "inside_tags_without_begin": 1, "entities_without_an_end_tag": 2},
        ),
    ],
)
def test_schemes(tmp_path, tags, spans, counts):
    assert read_tags(tmp_path, tags) == (spans, counts)


def test_a_mix_of_schemes_is_refused(tmp_path):
    with pytest.raises(DataError, match="line 2: tag 'U-M' mixes BIOES .* and BILOU"):
        read_tags(tmp_path, "S-M U-M")


@pytest.mark.parametrize(
    "text",
    [
        "Ann NNP B-PER\nleft VBD O\n",
        "Ann\tNNP\tB-PER\r\nleft\tVBD\tO\r\n\r\n\r\n",
        "\ufeffAnn   NNP  B-PER \nleft VBD   O\n  \n\t\n",
        "# text = Ann left\n# sent_id = x\nAnn NNP B-PER\n# not a token here\nleft VBD O\n",
        "1 Ann B-PER\n1-2 _ _\n2 left O\n",
        "0\tAnn\tX\tY\tB-PER\t['N']\t[0]\n1\tleft\tX\tY\tO\t['N']\t[1]\n",
        "#begin document (a); part 000\nAnn NNP B-PER\nleft VBD O\n#end document\n",
    ],
)
def test_layouts(tmp_path, text):
    (sentence,) = read_text(tmp_path, text)
    assert sentence.tokens == ("Ann", "left")
    assert sentence.entities == (Entity("PER", 0, 1),)


def test_names_in_comments(tmp_path):
    text = "# newdoc id = d\n# sent_id = s\nAnn O\n\nleft O\n# newdoc\nBo O\n"
    found = read_text(tmp_path, text)
    assert [(s.id, s.document_id) for s in found] == [("s", "d"), ("d.2", "d"), ("2.1", "2")]


def test_hashtags_are_tokens(tmp_path):
    assert [s.tokens for s in read_text(tmp_path, "#nlp O\n# O\n\n# comment line\n#x O\n")] == [("#nlp", "#"), ("#x",)]
    assert [s.tokens for s in read_text(tmp_path, "#a O\n#b O\n")] == [("#a", "#b")]


def test_separators_that_are_none(tmp_path):
    tokens = ("a\u2028b", "a\u0085b", "a\x0cb")
    (sentence,) = read_text(tmp_path, "".join(f"{token} O\n" for token in tokens))
    assert sentence.tokens == tokens


def test_files_put_together_have_a_mark_inside(tmp_path):
    problems = Problems()
    found = read_text(tmp_path, "\ufeffAnn O\n\n\ufeffBo O\n", problems=problems)
    assert [s.tokens for s in found] == [("Ann",), ("Bo",)]
    assert problems.counts["byte order mark inside the file"] == 1  # though the file is read twice
    assert problems.found[0].where.endswith("line 3")


def test_relations(tmp_path):
    text = "Ann\tB-P\t['Live_In']\t[3]\nlives\tO\t['N']\t[1]\nin\tO\t['N']\t[2]\nOslo\tB-L\t['N']\t[3]\n"
    one, two = read_text(tmp_path, f"It\tO\nrains\tO\n\n{text}")
    assert not one.relations
    assert two.relations == (Relation("Live_In", 0, 1),)
    # Heads count as the indices of the file do.
    indexed = "1\tAnn\tX\tB-P\t['K']\t[2]\n2\tOslo\tX\tB-L\t['N']\t[2]\n"
    assert read_text(tmp_path, indexed)[0].relations == (Relation("K", 0, 1),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Ann NNP O\nleft O\n", "line 2: 2 columns, expected 3 as in line 1"),
        ("Ann B-P\nleft X\nthen O\n", "line 2, token 'left': tag 'X' in column 2, expected O, B-TYPE"),
        ("1 Ann X O\n3 left X O\n", "line 2: index '3', expected 2"),
        ("Ann\tB-P\t['K']\t[7]\n", "line 1, token 'Ann': head 7, expected a token index from 0 to 0"),
        ("Ann\tB-P\t['K']\t[0]\n \tO\t['N']\t[1]\n", "line 2, token ' ': a blank token in a sentence with relations"),
    ],
)
def test_malformed(tmp_path, text, message):
    with pytest.raises(DataError, match=message) as error:
        read_corpus(write_file(tmp_path, text), "conll")
    assert "\n" not in str(error.value)


def test_what_is_mended(tmp_path):
    problems = Problems()
    (sentence,) = read_text(tmp_path, "Ann\tO\n \tB-X\nBo\tB-P\n", problems=problems)
    assert sentence == Sentence(("Ann", "Bo"), (Entity("P", 1, 2),))
    assert problems.counts["blank token"] == 1


def test_tokens_without_labels(tmp_path):
    assert read_text(tmp_path, "Ann\nleft\n\nBo\n", "conll") == [Sentence(("Ann", "left")), Sentence(("Bo",))]


@pytest.mark.parametrize(
    "text",
    ["Ann left\nfor Oslo\n", "Ann lives here\n\nO my", "word\nword\n", "a,b\nO,O\n", "Ann O\nx y z\n"],
)
def test_prose_is_not_taken_for_columns(tmp_path, text):
    with pytest.raises(DataError, match="expected a file of a known format"):
        read_corpus(write_file(tmp_path, text))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corpus=st.lists(sentences(flat=True), min_size=1, max_size=3))
def test_what_is_written_is_read_again(corpus, tmp_path):
    problems = Problems()
    write_corpus(corpus, tmp_path / "corpus", "conll", problems)
    again = read_corpus(tmp_path / "corpus").sentences
    marked = any(token[0] == "\ufeff" for s in corpus for token in s.tokens)
    assert bool(problems.counts) == marked
    if not marked:
        found = [(s.tokens, s.entities, set(s.relations)) for s in again]
        assert found == [(s.tokens, s.entities, set(s.relations)) for s in corpus]


def test_what_the_columns_cannot_hold(tmp_path):
    tokens = ("Ann", "lives\tnow", "in\n", "-DOCSTART-", "\ufeff", "#doc")
    entities = (Entity("P", 0, 1), Entity(" L\t", 3, 5), Entity("P", 4, 5))
    sentence = Sentence(tokens, entities, (Relation("K", 0, 1), Relation("N", 0, 1), Relation("K", 0, 2)))
    problems = Problems()
    write_corpus([sentence], tmp_path / "corpus", "conll", problems)
    (again,) = read_corpus(tmp_path / "corpus").sentences
    assert again.tokens == ("Ann", "lives now", "in ", "DOCSTART", "_", "#doc")
    assert again.entities == (Entity("P", 0, 1), Entity("L", 3, 5))
    assert again.relations == (Relation("K", 0, 1),)
    assert problems.counts == {
        "overlapping entity": 1,
        "relation named N": 1,
        "relation on an omitted entity": 1,
        "text with a tab or a line end": 3,
        "type with blanks at its edges": 1,
        "token named -DOCSTART-": 1,
        "token with a byte order mark": 1,
    }
    with pytest.raises(DataError, match="sentence 0"):
        write_corpus([sentence], tmp_path / "other", "conll")


def test_documents_are_kept(tmp_path):
    corpus = [Sentence((token,), document_id=document) for token, document in zip("abcdef", ["", "", "x", "x", "", ""])]
    write_corpus(corpus, tmp_path / "corpus", "conll")
    again = read_corpus(tmp_path / "corpus").sentences
    assert [s.document_id for s in again] == ["", "", "1", "1", "2", "3"]


def test_any_change_gives_sentences_or_one_error(tmp_path):
    text = CONLL2003 + "\n# c\nAnn X X B-P\nBo X X U-P\n"
    fuzz(tmp_path, text.encode(), "conll")
    fuzz(tmp_path, b"Ann\tB-P\t['Live_In']\t[1]\nOslo\tI-L\t['N']\t[1]\n\na\tO\n", "conll")


def test_a_long_sentence_takes_linear_time(tmp_path):
    count = 30_000
    entities = tuple(Entity("P", n, n + 1) for n in range(count))
    relations = tuple(Relation("K", n, n + 1) for n in range(count - 1))
    start = time.monotonic()
    write_corpus([Sentence(("t",) * count, entities, relations)], tmp_path / "corpus", "conll")
    (again,) = read_corpus(tmp_path / "corpus").sentences
    assert len(again.relations) == count - 1
    assert time.monotonic() - start < 10
