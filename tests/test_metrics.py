"""The metrics of the service, as a program that reads the text format would."""

import re

from cman_tf.serving.metrics import Metrics, resident_bytes


def read_metrics(text):
    """Samples by name and labels; each metric has its kind, and all its samples stand together."""
    samples, metric = {}, ""
    for line in text.splitlines():
        kind = re.fullmatch(r"# TYPE (\S+) (counter|gauge|histogram)", line)
        if kind:
            metric = kind[1]
        elif not line.startswith("# HELP "):
            name, labels, value = re.fullmatch(r"([a-z_]+)(\{(?:\w+=\"[^\"]*\",?)*\})? (\S+)", line).groups()
            assert name.startswith(metric)
            assert name + (labels or "") not in samples
            samples[name + (labels or "")] = float(value)
    return samples


def test_counts_and_histograms():
    metrics = Metrics("1.2")
    for status, seconds in ((200, 0.003), (200, 0.3), (413, 40.0)):
        metrics.count_request("/extract", status, seconds)
    metrics.count_request("other", 404, 9.0)
    for texts in (1, 3, 64):
        metrics.count_batch(texts)
    metrics.in_progress = 2
    samples = read_metrics(metrics.render(waiting=5))
    assert samples['cman_tf_info{version="1.2"}'] == 1
    assert samples['cman_tf_requests_total{path="/extract",code="200"}'] == 2
    assert samples['cman_tf_requests_total{path="/extract",code="413"}'] == 1
    assert samples['cman_tf_requests_total{path="other",code="404"}'] == 1
    assert samples["cman_tf_requests_in_progress"] == 2 and samples["cman_tf_queue_texts"] == 5
    buckets = {label: samples[f'cman_tf_seconds_bucket{{le="{label}"}}'] for label in ("0.005", "0.5", "30", "+Inf")}
    assert buckets == {"0.005": 1, "0.5": 2, "30": 2, "+Inf": 3}
    assert samples["cman_tf_seconds_sum"] == 40.303 and samples["cman_tf_seconds_count"] == 3
    assert samples['cman_tf_batch_texts_bucket{le="4"}'] == 2 and samples["cman_tf_batch_texts_sum"] == 68


def test_memory_of_this_process():
    assert 10e6 < resident_bytes() < 100e9
