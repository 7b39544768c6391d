"""The phrasings of the sample corpus, for `cman_tf.sample.generate`.

A phrasing consists of words with blanks between them. P1, O1 and L1 stand for a person, an organization and a location,
X1 for an entity of type Other. The relations follow after the bar, each with its head before its tail. & stands for one
of `LINKS`, and ~ for a name with one of its `CUES`.
"""

# The words that make a name (*) a person, an organization or a location. Cues of the second row are rare in the links
# of training and frequent in those of test. A model can only learn their meaning for relations from the entities'
# labels.
CUES = {
    "P": (("the lawyer *", "Judge *", "the driver *"), ("the farmer *", "Captain *", "the singer *")),
    "O": (("the firm *", "* Corp.", "the chess club *"), ("the union *", "the charity *", "* University")),
    "L": (("the village *", "* City", "the county *"), ("the island *", "* Valley", "the forest *")),
}

# The same few words join all types. Only the types on both sides, the entities' labels, show which relation holds, and
# whether one holds.
LINKS = (
    "P1 of O1 | Work_For P1 O1",
    "P1 of L1 | Live_In P1 L1",
    "O1 of L1 | OrgBased_In O1 L1",
    "L1 of L2 | Located_In L1 L2",
    "O1 's P1 | Work_For P1 O1",
    "L1 's P1 | Live_In P1 L1",
    "L1 's O1 | OrgBased_In O1 L1",
    "L1 's L2 | Located_In L2 L1",
    "O1 of P1 |",
    "P1 's L1 |",
    "P1 's O1 |",
    "P1 of O1 of L1 | Work_For P1 O1, OrgBased_In O1 L1",
    "P1 of L1 of L2 | Live_In P1 L1, Located_In L1 L2",
    "O1 's P1 of L1 | Live_In P1 L1, Work_For P1 O1",
)

# Sentences in which the words around the names decide. The names have no cues here.
TRAIN = (
    "P1 shot P2 | Kill P1 P2",
    "P1 was shot by P2 | Kill P2 P1",
    "P1 killed P2 with X1 | Kill P1 P2",
    "P1 was stabbed by P2 in L1 | Kill P2 P1",
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
    "O1 bought a mine in L1 from O2 |",
    "L1 lies in the north of L2 | Located_In L1 L2",
    "a storm hit L1 and L2 |",
    "P1 flew from L1 to L2 |",
)
TEST = (
    "P1 , who shot P2 , lives in L1 | Kill P1 P2, Live_In P1 L1",
    "P1 was killed in L1 by P2 | Kill P2 P1",
    "the murder of P1 was not by P2 |",
    "P1 was born in L1 and works for O1 | Live_In P1 L1, Work_For P1 O1",
    "P1 never lived in L1 |",
    "O1 hired P1 and P2 as clerks | Work_For P1 O1, Work_For P2 O1",
    "O1 , which has its headquarters in L1 , sued P1 | OrgBased_In O1 L1",
    "the mine in L1 lies in the north of L2 | Located_In L1 L2",
)

# Sentences in which only the links decide.
TRAIN_FRAMES = (
    "& and & won a prize",
    "~ was seen with &",
    "nobody wrote about ~ , ~ and ~",
    "& was praised and & was not",
    "& and ~ sent X1 to &",
    "people talk about & and not about &",
    "the guests were & , ~ and &",
)
TEST_FRAMES = (
    "& was sent a prize by &",
    "people wrote about & , & and ~",
    "they talk about & with &",
    "nobody saw & before X1",
)

OPENINGS = ("", "", "", "on X8 ,", "officials said", "according to O8 ,", "the report says")
ENDINGS = ("", "", "on X9", "after X9", ", a witness said", ", P9 wrote")
