"""The batcher: answers in order, in batches, fairly, and a bad text harms its own request only."""

import threading
import time

import pytest
from fake_service import find_capitals, make_extract
from hypothesis import given
from hypothesis import strategies as st

from cman_tf.errors import DataError
from cman_tf.inference.output import format_json
from cman_tf.inference.records import Record
from cman_tf.serving.batching import Batcher
from cman_tf.serving.limits import Refusal


def records_of(texts):
    return [Record(text, "", size=len(text)) for text in texts]


def line_of(text, threshold=0.5):
    return format_json(Record(text, ""), find_capitals(text, threshold)).rstrip("\n")


def outcome_of(job):
    error = job.future.exception(60)
    return str(error) if error else job.future.result()


class Gate:
    """A model that works when it is let, so that a test decides what waits meanwhile."""

    def __init__(self, delay=0.0):
        self.calls, self.entered, self._gate = [], threading.Event(), threading.Event()
        self._extract = make_extract(delay, calls=self.calls)

    def __call__(self, texts, **options):
        self.entered.set()
        self._gate.wait(60)
        return self._extract(texts, **options)

    def open(self):
        self._gate.set()


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def make(gate):
    """Make a batcher whose model is busy with the text "first" until the gate is opened."""
    made = []

    def start(**options):
        batcher = Batcher(gate, **{"queue_texts": 1000, "queue_characters": 1_000_000, "wait_seconds": 0.0, **options})
        made.append(batcher)
        batcher.start()
        batcher.submit(records_of(["first"]), {})
        assert gate.entered.wait(60)
        return batcher

    yield start
    gate.open()
    for batcher in made:
        batcher.stop(60)


WORDS = st.sampled_from(["Ann met Bo", "bo", "", "bad", "bug", "Rome"])
REQUESTS = st.lists(st.tuples(st.lists(WORDS, max_size=6), st.sampled_from([0.5, 0.7])), max_size=8)


@given(REQUESTS, st.integers(1, 9))
def test_every_request_gets_what_it_would_get_alone(requests, batch_texts):
    batcher = Batcher(
        make_extract(), queue_texts=1000, queue_characters=1000, batch_texts=batch_texts, wait_seconds=0.0
    )
    jobs = [batcher.submit(records_of(texts), {"relation_threshold": t}) for texts, t in requests]
    batcher.start()
    for job, (texts, threshold) in zip(jobs, requests):
        bad = {f"texts, item {n}: a bad text, expected a good one" for n, text in enumerate(texts) if text == "bad"}
        bad |= {"a bug"} if "bug" in texts else set()
        if bad:
            assert outcome_of(job) in bad
        else:
            assert outcome_of(job) == [line_of(text, threshold) for text in texts]
    batcher.stop(60)
    assert batcher.waiting == 0 and not batcher.is_alive


def test_what_waits_is_answered_together_by_options(gate, make):
    batcher = make()
    for text in ("a", "b"):
        batcher.submit(records_of([text]), {"relation_threshold": 0.7})
    for text in ("c", "d"):
        batcher.submit(records_of([text]), {})
    gate.open()
    batcher.stop(60)
    assert gate.calls == [["first"], ["a", "b"], ["c", "d"]]


def test_a_large_request_does_not_hold_up_a_small_one(gate, make):
    batcher = make(batch_texts=4)
    large = batcher.submit(records_of([f"l{n}" for n in range(8)]), {})
    small = batcher.submit(records_of(["s"]), {})
    gate.open()
    assert outcome_of(small) == [line_of("s")]
    assert len(outcome_of(large)) == 8
    assert gate.calls[1] == ["l0", "s", "l1", "l2"]


def test_long_texts_make_small_batches(gate, make):
    batcher = make()
    batcher.submit(records_of(["x" * 30_000] * 4), {})
    gate.open()
    batcher.stop(60)
    assert [len(call) for call in gate.calls] == [1, 2, 2]


def test_a_bad_text_is_found_in_few_calls(gate, make):
    batcher = make()
    jobs = [batcher.submit(records_of([text]), {}) for text in [*"abcdefg", "bad", *"hijklmno"]]
    gate.open()
    outcomes = [outcome_of(job) for job in jobs]
    assert [outcome for outcome in outcomes if isinstance(outcome, str)] == [
        "texts, item 0: a bad text, expected a good one"
    ]
    assert isinstance(jobs[7].future.exception(), DataError)
    assert len(gate.calls) <= 1 + 1 + 2 * 4


def test_a_full_queue_refuses_and_says_when_to_come_again(gate, make):
    batcher = make(queue_texts=3)
    job = batcher.submit(records_of(["a", "b"]), {})
    with pytest.raises(Refusal, match="^2 texts with 2 characters wait already") as caught:
        batcher.submit(records_of(["c", "d"]), {})
    assert (caught.value.status, caught.value.headers) == (503, {"retry-after": "1"})
    batcher.submit(records_of(["c"]), {})
    gate.open()
    assert len(outcome_of(job)) == 2


def test_an_abandoned_request_takes_no_time(gate, make):
    batcher = make()
    job = batcher.submit(records_of(["a", "b"]), {})
    job.is_abandoned = True
    other = batcher.submit(records_of(["c"]), {})
    gate.open()
    assert outcome_of(other) == [line_of("c")]
    assert gate.calls == [["first"], ["c"]] and batcher.waiting == 0


def test_a_queue_is_full_by_characters(gate, make):
    """A request alone may have more; requests whose senders are gone make room at once."""
    batcher = make(queue_characters=10)
    large = batcher.submit(records_of(["a" * 20]), {})
    with pytest.raises(Refusal, match="^1 texts with 20 characters wait already; send the request again later"):
        batcher.submit(records_of(["b"]), {})
    large.is_abandoned = True
    jobs = [batcher.submit(records_of([text * 5]), {}) for text in "cd"]
    with pytest.raises(Refusal, match="^2 texts with 10 characters"):
        batcher.submit(records_of(["e"]), {})
    gate.open()
    assert [outcome_of(job) for job in jobs] == [[line_of("c" * 5)], [line_of("d" * 5)]]
    assert gate.calls == [["first"], ["c" * 5, "d" * 5]] and batcher.waiting == 0


def test_the_model_does_not_begin_what_has_waited_too_long(gate, make):
    batcher = make()
    batcher.submit(records_of(["late"]), {}, seconds=0.01)
    job = batcher.submit(records_of(["a"]), {"relation_threshold": 0.7}, seconds=60)
    time.sleep(0.02)
    gate.open()
    assert outcome_of(job) == [line_of("a", 0.7)] and gate.calls == [["first"], ["a"]]


def test_stopping_answers_what_waits(gate, make):
    batcher = make()
    job = batcher.submit(records_of(["a"]), {})
    gate.open()
    batcher.stop(60)
    assert job.future.result(0) == [line_of("a")]


def test_clients_that_ask_again_and_again_are_answered_together():
    """8 clients with 4 requests each: the wait for company keeps them together."""
    calls = []
    batcher = Batcher(make_extract(0.005, calls=calls), queue_texts=1000, queue_characters=1000, wait_seconds=0.2)
    batcher.start()

    def ask():
        for _ in range(4):
            outcome_of(batcher.submit(records_of(["a"]), {}))

    clients = [threading.Thread(target=ask) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    batcher.stop(60)
    assert sum(map(len, calls)) == 32 and len(calls) <= 12


def test_a_lone_client_does_not_wait():
    batcher = Batcher(make_extract(), queue_texts=10, queue_characters=1000, wait_seconds=5.0)
    batcher.start()
    start = time.monotonic()
    for _ in range(3):
        outcome_of(batcher.submit(records_of(["a"]), {}))
    assert time.monotonic() - start < 4
    batcher.stop(60)
