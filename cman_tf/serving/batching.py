"""One thread runs the model. It answers the texts of several requests together, which takes much less time."""

from __future__ import annotations

import collections
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from cman_tf.inference.extraction import Extraction
from cman_tf.inference.output import format_json
from cman_tf.inference.records import Record
from cman_tf.serving.jobs import Job
from cman_tf.serving.limits import refuse_busy

_BATCH_CHARACTERS = 40_000  # of a batch, about, so that a short text does not wait long behind long ones
Extract = Callable[..., "list[Extraction]"]


class Batcher:
    """Collects the texts of requests, and gives them to the model in batches.

    The texts of a large request are spread over several batches, so that others are not held up. A text that cannot be
    answered fails its own request and no other.

    Args:
      extract: `Extractor.extract`.
      queue_texts: the most texts that may wait.
      queue_characters: the most characters that they may have together.
      batch_texts: the most texts of a batch; 1 answers one text after another.
      wait_seconds: how long a batch waits for company if the one before it served several requests.
      observe: is called in the model's thread with the number of texts of each batch.
    """

    def __init__(
        self,
        extract: Extract,
        queue_texts: int,
        queue_characters: int,
        batch_texts: int = 64,
        wait_seconds: float = 0.005,
        observe: Callable[[int], Any] = lambda texts: None,
    ) -> None:
        self._extract, self._observe = extract, observe
        self._queue_texts, self._queue_characters = queue_texts, queue_characters
        self._batch_texts, self._wait_seconds = batch_texts, wait_seconds
        self._changed = threading.Condition()
        self._jobs: collections.deque[Job] = collections.deque()
        self._waiting, self._characters, self._last, self._is_stopping = 0, 0, 1, False
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    def start(self) -> None:
        """Start the model's thread."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Answer what waits, then end the thread.

        Args:
          seconds: the most to wait for it.
        """
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join(seconds)

    @property
    def is_alive(self) -> bool:
        """Whether the model's thread runs."""
        return self._thread.is_alive()

    @property
    def waiting(self) -> int:
        """The number of texts that wait for the model."""
        return self._waiting

    def submit(self, records: Sequence[Record], options: dict[str, Any], seconds: float = math.inf) -> Job:
        """Put the texts of a request into the queue.

        Args:
          records: the texts.
          options: options of `Extractor.extract`.
          seconds: that the request may wait; the model does not begin with texts that have waited longer.

        Raises:
          Refusal: if too many texts wait, or texts with too many characters. A request alone may have more.
        """
        job = Job(records, options, time.monotonic() + seconds)
        texts, characters = job.waiting
        with self._changed:
            if not self._has_room(texts, characters):
                self._drop_jobs()
            if not self._has_room(texts, characters):
                found = f"{self._waiting} texts with {self._characters} characters wait already"
                raise refuse_busy(f"{found}; send the request again later")
            if records:
                self._waiting += texts
                self._characters += characters
                self._jobs.append(job)
                self._changed.notify()
        return job

    def _has_room(self, texts: int, characters: int) -> bool:
        """Return whether the queue may take so much more; an empty one may take anything."""
        is_within = self._waiting + texts <= self._queue_texts
        return not self._waiting or is_within and self._characters + characters <= self._queue_characters

    def _drop_jobs(self) -> None:
        """Take requests out of the queue whose sender is gone, or was told that it took too long."""
        kept: collections.deque[Job] = collections.deque()
        for job in self._jobs:
            if job.is_dropped:
                texts, characters = job.waiting
                self._waiting -= texts
                self._characters -= characters
            else:
                kept.append(job)
        self._jobs = kept

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._is_stopping:
                    self._changed.wait()
                if not self._jobs:
                    return
                self._wait_for_company()
                batch = self._take()
            if batch:
                self._answer(batch)

    def _wait_for_company(self) -> None:
        """Wait a moment for as many requests as there were last time. A lone client is answered at once."""
        until = time.monotonic() + self._wait_seconds
        while len(self._jobs) < self._last and not self._is_stopping:
            left = until - time.monotonic()
            if left <= 0:
                return
            self._changed.wait(left)

    def _take(self) -> list[tuple[Job, int]]:
        """Take texts from the queue, all with the options of the first request.

        A request gets at most a quarter of the places before it is the next one's turn.
        """
        batch: list[tuple[Job, int]] = []
        others: list[Job] = []
        self._drop_jobs()
        jobs, characters, options = self._jobs, 0, self._jobs[0].options if self._jobs else {}
        while jobs and len(batch) < self._batch_texts and characters < _BATCH_CHARACTERS:
            job = jobs.popleft()
            if job.options != options:
                others.append(job)
                continue
            for record in job.records[job.taken : job.taken + max(1, self._batch_texts // 4)]:
                if len(batch) < self._batch_texts and characters < _BATCH_CHARACTERS:
                    batch.append((job, job.taken))
                    characters += record.size
                    job.taken += 1
                    self._waiting -= 1
                    self._characters -= record.size
            if job.taken < len(job.records):
                jobs.append(job)
        jobs.extendleft(reversed(others))  # they come first now
        self._last = len({id(job) for job, _ in batch})
        return batch

    def _answer(self, batch: list[tuple[Job, int]]) -> None:
        outcomes = self._extract_each([job.records[place] for job, place in batch], batch[0][0].options)
        for (job, place), outcome in zip(batch, outcomes):
            job.finish(place, outcome)
        self._observe(len(batch))

    def _extract_each(self, records: list[Record], options: dict[str, Any]) -> list[str | Exception]:
        """Return the line of each text, or its exception: halves are tried alone until only the bad ones fail."""
        try:
            found = self._extract([record.content for record in records], **options)
            return [format_json(record, extraction).rstrip("\n") for record, extraction in zip(records, found)]
        except Exception as error:
            if len(records) == 1:
                return [error]
        middle = len(records) // 2
        return [*self._extract_each(records[:middle], options), *self._extract_each(records[middle:], options)]
