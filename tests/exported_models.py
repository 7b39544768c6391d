"""Sentences of every kind, and comparing what an exported model finds with what an extractor finds."""

import numpy as np

from cman_tf.formats.corpus_files import read_corpus
from cman_tf.sample import DIRECTORY

ODD = [
    "",
    " ",
    "\u3000\t \u2028",
    "😀",
    "👩\u200d👩\u200d👧 and 🇩🇪 met Nora Belvia \U0001f3fb.",
    "Ann\r\nLee\rlives\nin Rome.\r\n",
    "Nora\x00Belvia\x07 of \x1bBelaton\x7f Corp.\x85",
    "a" * 10_000 + " of Rome",
    "é e\u0301 e\u0301\u0302\u0303 Zu\u0308rich",
    "\u0301 begins with a mark",
    "שלום רב, Nora Belvia גרה בחיפה.",
    "مرحبا بكم في Darazen City؟",
    "\u202eolleH\u202c \u200fRome\u200e",
    "\ufeffNora Belvia left.",
    "\ufffe\uffff\ufdd0 \U0010ffff \U0001fffe Nora",
    "東京に Nora Belvia が住む。한국어 ไทย",
    "ΟΔΟΣ Σ ΣΑΣ.Σ ΑΣ' ß ẞ ﬁ ﬂ İSTANBUL ıI ŉ ǆ ǅ Ǆ",
    "123 ١٢٣ 4.5 １２ ² ½ 1990s 3rd 007 1,000,000",
    "http://example.com/a?b=c%20d, Nora.Belvia@belaton.org www.x.y",
    "U.S. Dr. O'Neil don't '60s J. R. R. Tolkien -- ... Calif.",
    "unknown wordsxyz qqqq ZZZZ zzZZ Zz",
    "< > & \" ' <script>alert(1)</script>",
    ". . . , , - - \u2014 \u2013 _ __",
    "x" * 61 + " " + "y" * 60 + " " + "Z" * 59,
    "Nora Belvia of Belaton Corp. of Darazen City " * 49 + "Nora Belvia of Rome left here yesterday .",  # 400 tokens
]


def sample_texts(count):
    """Return the odd texts, and texts of the sample corpora with changes, as many as asked for."""
    random = np.random.default_rng(5)
    plain = [
        " ".join(sentence.tokens)
        for split in ("test", "dev", "train")
        for sentence in read_corpus(DIRECTORY / f"{split}.json").sentences
    ]
    texts = list(ODD)
    for number in range(count - len(texts)):
        text = plain[number % len(plain)]
        change = number // 3 % 8
        if change == 1:
            text = text.upper()
        elif change == 2:
            text = text.lower()
        elif change == 3:
            text = " ".join(random.permutation(text.split(" ")))
        elif change == 4:
            text = text.replace(" ", "")
        elif change == 5:
            place = random.integers(len(text))
            text = text[:place] + chr(random.integers(1, 0x3000)) + text[place:]
        elif change == 6:
            text = f"{text} {plain[random.integers(len(plain))]}"
        texts.append(text)
    return texts


def read_rows(found):
    """Return what a signature returned as a dictionary for each sentence: entities and relations as tuples."""
    found = {name: value.numpy() for name, value in found.items()}

    def rows(kind, names, number):
        columns = [found[f"{kind}_{name}"][number] for name in names]
        count = int(found[f"{kind}_counts"][number])
        for column in columns:
            padding = {"O": b"", "i": -1, "f": 0.0}[column.dtype.kind]
            assert all(value == padding for value in column[count:])
        return [
            tuple(v.decode() if isinstance(v, bytes) else v.item() for v in row)
            for row in zip(*(column[:count] for column in columns))
        ]

    entity = ["types", "starts", "ends", "scores"]
    has_text = "tokens" in found
    if has_text:
        entity += ["char_starts", "char_ends", "texts"]
    result = []
    for number in range(len(found["entity_counts"])):
        one = {
            "entities": rows("entity", entity, number),
            "relations": rows("relation", ["types", "heads", "tails", "scores"], number),
        }
        if has_text:
            count = int(found["token_counts"][number])
            one["tokens"] = [token.decode() for token in found["tokens"][number][:count]]
            one["offsets"] = list(zip(*(found[f"token_{end}"][number][:count].tolist() for end in ("starts", "ends"))))
        result.append(one)
    return result


def assert_equal(rows, extractions):
    """What the exported model found is what the extractor found, scores within 1e-5."""
    assert len(rows) == len(extractions)
    for row, expected in zip(rows, extractions):
        has_text = "tokens" in row
        if has_text:
            assert (tuple(row["tokens"]), tuple(row["offsets"])) == (expected.tokens, expected.offsets)
        entities = [(e.type, e.start, e.end, e.score, e.start_char, e.end_char, e.text) for e in expected.entities]
        entities = entities if has_text else [entity[:4] for entity in entities]
        place = {entity: number for number, entity in enumerate(expected.entities)}
        relations = [(r.type, place[r.head], place[r.tail], r.score) for r in expected.relations]
        for found, wanted in ((row["entities"], entities), (row["relations"], relations)):
            assert [one[:3] + one[4:] for one in found] == [one[:3] + one[4:] for one in wanted], expected.text[:200]
            np.testing.assert_allclose([one[3] for one in found], [one[3] for one in wanted], atol=1e-5)
