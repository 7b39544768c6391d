"""Phrasings of the sample corpus, for `cman_tf.sample.generate`.

A phrasing is words between blanks. P1, O1, L1 and their like stand for a person, an
organization and a location, X1 for something of type Other. After the bar follow the
relations, head first. In "A of B" the two types alone say which relation holds.
"""

# How a person, an organization or a location is put; * is its name.
NOUN_PHRASES = {
    "P": (
        "* |",
        "* |",
        "the lawyer * |",
        "the driver * |",
        "the farmer * |",
        "* , a clerk at O | Work_For * O",
        "* , president of O , | Work_For * O",
        "the lawyer * of O | Work_For * O",
        "* of O | Work_For * O",
        "* of L | Live_In * L",
        "the farmer * of L | Live_In * L",
        "* , a driver from L , | Live_In * L",
        "the mayor of L , * , | Live_In * L",
    ),
    "O": (
        "* |",
        "* |",
        "the firm * |",
        "the newspaper * |",
        "the bank * |",
        "the firm * of L | OrgBased_In * L",
        "the bank * in L | OrgBased_In * L",
        "* of L | OrgBased_In * L",
        "* , a newspaper with headquarters in L , | OrgBased_In * L",
    ),
    "L": (
        "* |",
        "* |",
        "the village of * |",
        "the town of * |",
        "the coast of * |",
        "* , L , | Located_In * L",
        "the village of * in L | Located_In * L",
        "the town of * , north of L , |",
    ),
    "X": ("* |",),
}

TRAIN = (
    "P1 shot P2 | Kill P1 P2",
    "P1 was shot by P2 | Kill P2 P1",
    "P1 killed P2 with X1 | Kill P1 P2",
    "P1 was stabbed to death by P2 in L1 | Kill P2 P1",
    "the murder of P1 by P2 shocked L1 | Kill P2 P1",
    "P1 did not kill P2 |",
    "P1 lives in L1 | Live_In P1 L1",
    "P1 , who was born in L1 , met P2 | Live_In P1 L1",
    "P1 left L1 in X1 |",
    "P1 works for O1 | Work_For P1 O1",
    "P1 and P2 work for O1 | Work_For P1 O1, Work_For P2 O1",
    "O1 hired P1 as a clerk | Work_For P1 O1",
    "P1 never worked for O1 |",
    "P1 sued O1 for X1 |",
    "O1 has its headquarters in L1 | OrgBased_In O1 L1",
    "O1 moved its headquarters to L1 | OrgBased_In O1 L1",
    "O1 bought a mine in L1 from O2 |",
    "O1 praised P1 |",
    "L1 lies in the north of L2 | Located_In L1 L2",
    "the lake of L1 in L2 froze | Located_In L1 L2",
    "a storm hit L1 and L2 |",
    "the police in L1 thanked P1 |",
    "P1 flew from L1 to L2 |",
)

TEST = (
    "P1 killed P2 and P3 | Kill P1 P2, Kill P1 P3",
    "P1 , who was shot by P2 , works for O1 | Kill P2 P1, Work_For P1 O1",
    "P1 was killed in L1 by P2 | Kill P2 P1",
    "P1 , who lives in L1 , sued P2 | Live_In P1 L1",
    "P1 was born in L1 and works for O1 | Live_In P1 L1, Work_For P1 O1",
    "P1 never lived in L1 |",
    "O1 hired the driver P1 and the lawyer P2 | Work_For P1 O1, Work_For P2 O1",
    "O1 , which has its headquarters in L1 , thanked P1 | OrgBased_In O1 L1",
    "O1 and O2 praised P1 for X1 |",
    "the north of L1 and the lake of L2 froze |",
    "the lake of L1 lies in L2 | Located_In L1 L2",
    "P1 did not work for O1 |",
)

OPENINGS = ("", "", "", "on X8 ,", "officials said", "according to O8 ,", "the report says")
ENDINGS = ("", "", "on X9", "after X9", ", a witness said", ", P9 wrote")
