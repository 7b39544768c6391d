"""The reader of multihead_joint_entity_relation_extraction's columns."""

import pytest
from helpers import write_file

from cman_tf.data.problems import Problems
from cman_tf.data.types import Entity, Relation
from cman_tf.errors import DataError
from cman_tf.formats.corpus_files import read_corpus

COLUMNS = """#doc 7
0\tAnn\tB-Peop\t['N']\t[0]
1\tLee\tI-Peop\t['Live_In', 'Work_For']\t[3, 5]
2\tof\tO\t['N']\t[2]
3\tRome\tB-Loc\t['N']\t[3]
4\tand\tO\t['N']\t[4]
5\tFox\tB-Org\t['N']\t[5]
#doc 8
0\tRain\tO\t['N']\t[0]
"""


def test_columns(tmp_path):
    corpus = read_corpus(write_file(tmp_path, COLUMNS))
    first, second = corpus.sentences
    assert first.id == "7"
    assert first.tokens == ("Ann", "Lee", "of", "Rome", "and", "Fox")
    assert first.entities == (Entity("Peop", 0, 2), Entity("Loc", 3, 4), Entity("Org", 5, 6))
    assert first.relations == (Relation("Live_In", 0, 1), Relation("Work_For", 0, 2))
    assert second.tokens == ("Rain",)
    assert not second.entities
    assert corpus.mended == {"inside_tags_without_begin": 0}


def test_columns_inside_tag_opens_an_entity(tmp_path):
    text = COLUMNS.replace("B-Loc", "I-Loc").replace("I-Peop", "I-Org")
    corpus = read_corpus(write_file(tmp_path, text))
    kinds = [(e.type, e.start, e.end) for e in corpus.sentences[0].entities]
    assert kinds == [("Peop", 0, 1), ("Org", 1, 2), ("Loc", 3, 4), ("Org", 5, 6)]
    assert corpus.summary()["inside_tags_without_begin"] == 2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0\tAnn\tB-Peop", "0\tAnn\tx\tB-Peop", "line 2: 6 columns, expected 5"),
        ("0\tAnn", "0\t ", "line 2, token ' ': empty token"),
        ("3\tRome", "4\tRome", "line 5, token 'Rome': index '4', expected 3"),
        ("B-Loc", "Loc", "line 5, token 'Rome': tag 'Loc', expected O, B-TYPE or I-TYPE"),
        ("[3, 5]", "[3]", "line 3, token 'Lee': 2 relations and 1 heads"),
        ("['Live_In', 'Work_For']", "['Live_In', 'Work_For'", "line 3, token 'Lee'.*not a list of relations"),
        ("[3, 5]", "[3, 6]", "line 3, token 'Lee': head 6, expected a token index from 0 to 5"),
        ("[3, 5]", "[3, -1]", "head -1, expected"),
        ("[3, 5]", "[3, True]", "not a list of heads"),
        ("[3, 5]", "{[]}", "not a list of heads"),
        ("[3, 5]", "__import__('os').getcwd()", "not a list of heads"),
        ("[3, 5]", "[" * 9000 + "]" * 9000, "18000 characters, expected at most"),
        ("[3, 5]", "[" * 4000 + "]" * 4000, "not a list of heads"),
        ("[3, 5]", "[3, 2]", "Work_For at token 2, which is in no entity"),
        ("[3, 5]", "[3, 0]", "from an entity to itself"),
        ("[3, 5]", "[1, 5]", "from the token to itself"),
        ("['Live_In', 'Work_For']\t[3, 5]", "['Live_In', 'Live_In']\t[3, 3]", "is given twice"),
        ("'Work_For'", "''", "a relation without a name"),
        ("#doc 7\n", "", "line 1: .*begins with .*'#doc ID'"),
        ("#doc 8\n0\tRain\tO\t['N']\t[0]\n", "#doc 8\n", "sentence '8' without tokens"),
    ],
)
def test_columns_malformed(tmp_path, old, new, message):
    assert old in COLUMNS
    path = write_file(tmp_path, COLUMNS.replace(old, new))
    with pytest.raises(DataError, match=message) as error:
        read_corpus(path, problems=Problems(strict=True))
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(path)
