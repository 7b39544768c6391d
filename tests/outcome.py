"""A pytest plugin that writes what a run of the tests came to, as a result file: `-p outcome --outcome=FILE`."""

import datetime
import json
import time
from collections import Counter

from cman_tf.runs import provenance
from cman_tf.runs.files import write_atomically

MARKERS = ("slow", "e2e")  # a test with both counts as slow


def pytest_addoption(parser):
    parser.addoption("--outcome", help="write the outcome to this file")


def pytest_configure(config):
    path = config.getoption("outcome")
    if path and not hasattr(config, "workerinput"):  # not in the processes that pytest-xdist starts
        config.pluginmanager.register(_Outcome(path))


class _Outcome:
    """Collects each test's outcome; of its setup, call and teardown the worst one counts."""

    def __init__(self, path):
        self.path, self.outcomes, self.markers, self.reasons = path, {}, {}, {}
        self.start = time.monotonic()

    def pytest_runtest_logreport(self, report):
        self.markers[report.nodeid] = next(
            (name for name in MARKERS if name in getattr(report, "keywords", ())), "neither"
        )
        outcome = self.outcomes.setdefault(report.nodeid, "passed")
        if report.failed or outcome == "failed":
            self.outcomes[report.nodeid] = "failed"
        elif report.skipped:
            self.outcomes[report.nodeid] = "skipped"
            self.reasons[report.nodeid] = str(report.longrepr[-1] if report.longrepr else "")

    def pytest_collectreport(self, report):
        """A module that cannot be imported has failed; one that says so is skipped."""
        if not report.passed:
            self.pytest_runtest_logreport(report)

    def pytest_sessionfinish(self, exitstatus):
        counts = {name: Counter() for name in ("neither", *reversed(MARKERS))}
        for test, outcome in self.outcomes.items():
            counts[self.markers[test]][outcome] += 1
        content = {
            "commit": provenance.commit(),
            "environment": provenance.environment(),
            "finished": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self.start),
            "exit_status": int(exitstatus),
            "counts": counts,
            "failed": sorted(test for test, outcome in self.outcomes.items() if outcome == "failed"),
            "skipped": dict(sorted(self.reasons.items())),
        }
        write_atomically(self.path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
