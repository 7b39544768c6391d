"""The benchmark of the service: its clients, its counts and its table, with the service of fake_service.py."""

import contextlib
import json
import re

import pytest
from fake_service import start
from helpers import ROOT

from cman_tf.benchmark import serve
from cman_tf.benchmark.load import Load, apply_load
from cman_tf.benchmark.tables import show
from cman_tf.errors import DataError

pytestmark = [pytest.mark.e2e, pytest.mark.extra(name="serve")]


@pytest.fixture(scope="module")
def service():
    with start(delay=0.01) as process:
        yield process
        assert process.end() == (0, "")


def test_latencies_by_hand():
    load = Load(2.0, [n / 100 for n in range(1, 101)])
    summary = serve.summarize(load)
    assert summary == {
        "requests": 100,
        "requests_per_second": 50.0,
        "p50_milliseconds": pytest.approx(510),
        "p99_milliseconds": pytest.approx(1000),
    }


def test_clients_ask_at_the_same_time(service):
    before = service.metrics()
    load = apply_load("127.0.0.1", service.port, ["Ann met Bo", "x"], 8, 0.5)
    after = service.metrics()
    answered = 'cman_tf_requests_total{path="/extract",code="200"}'
    assert after[answered] - before.get(answered, 0) == len(load.latencies) > 8
    calls = after["cman_tf_batch_texts_count"] - before["cman_tf_batch_texts_count"]
    assert calls < len(load.latencies) / 2  # they were answered together
    assert min(load.latencies) >= 0.01 and load.latencies == sorted(load.latencies)


def test_an_answer_that_is_no_success_ends_the_measurement(service):
    with pytest.raises(DataError, match="422 .*a bad text, expected a good one.*, expected status 200"):
        apply_load("127.0.0.1", service.port, ["bad"], 1, 0.2)


def test_measurements_and_table(service, monkeypatch, capsys):
    @contextlib.contextmanager
    def start_service(model_dir, *flags):
        yield service.process, service.port

    monkeypatch.setattr(serve, "start_service", start_service)
    monkeypatch.setattr(serve, "_WARM_UP", 0.1)
    monkeypatch.setattr(serve, "_MINUTE", 0.2)
    result = serve.measure("runs/any", ["Ann met Bo", "x"], [1, 4], 0.2, 2)
    assert [row["clients"] for row in result["clients"]] == [1, 4] and result["mean_characters"] == 5.5
    memory = result["memory"]
    assert len(memory["mib_by_minute"]) == 2 and memory["start_mib"] > 10
    assert memory["growth_percent"] == pytest.approx(
        100 * (memory["mib_by_minute"][1] / memory["mib_by_minute"][0] - 1)
    )
    show("serve", result, {})
    output = capsys.readouterr().out
    assert "One text at a time" in output and "Memory at the end of each minute, MiB: " in output


def test_a_service_that_does_not_start():
    expected = pytest.raises(DataError, match="serve: ended with exit code 1, expected its address")
    with expected, serve.start_service("/absent"):
        pass


def test_the_numbers_of_the_page_are_those_of_the_file():
    result = json.loads((ROOT / "results" / "benchmark" / "serve.json").read_text())
    section = (ROOT / "docs" / "performance.md").read_text().partition("## The service")[2].partition("\n## ")[0]
    rows = [[int(cell) for cell in line.strip("| ").split(" | ")] for line in re.findall(r"^\| \d.*$", section, re.M)]
    names = ("requests_per_second", "p50_milliseconds", "p99_milliseconds")
    assert rows == [
        [usual["clients"], *(round(way[name]) for way in (usual, single) for name in names)]
        for usual, single in zip(result["clients"], result["without_batches"])
    ]
    memory = result["memory"]
    text = " ".join(section.split())
    assert f"{memory['mib_by_minute'][0]:.0f} MiB after the first minute" in text
    assert f"{memory['mib_by_minute'][-1]:.0f} MiB after the last, {memory['growth_percent']:.1f} % more" in text
    assert f"{memory['requests']} requests" in text and memory["growth_percent"] < 5
