"""The service as a process, with a fake model: its answers, its bounds, its connections, and its end."""

import contextlib
import json
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest
from fake_service import find_capitals, make_extract, start
from helpers import import_extra

from cman_tf.errors import DataError

import_extra("serve")
from cman_tf.serving.server import address_of, open_socket  # noqa: E402

pytestmark = [pytest.mark.e2e, pytest.mark.extra(name="serve")]

SHORT = {"header_seconds": 0.4, "body_seconds": 0.4, "idle_seconds": 1, "answer_seconds": 2.0}
HEAD = "POST /extract HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def service():
    limits = {"texts": 4, "characters": 20_000, "queue_texts": 100, "body_bytes": 100_000, "requests": 40}
    with start(limits=limits) as process:
        yield process
        assert process.end() == (0, "")  # nothing was written to stderr by all of the tests


@pytest.fixture(scope="module")
def hasty():
    """A service with short time-outs and a slow model."""
    with start(delay=0.2, limits={**SHORT, "connections": 12}) as process:
        yield process
        assert process.end() == (0, "")


def send(service, data, close=False, timeout=20):
    """Send bytes on a connection of its own, then read until the other side closes; returns what came."""
    with socket.create_connection(("127.0.0.1", service.port), timeout) as connection:
        connection.sendall(data.encode() if isinstance(data, str) else data)
        if close:
            connection.shutdown(socket.SHUT_WR)
        parts = []
        with contextlib.suppress(ConnectionResetError):
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts).decode()


def make_request(value, more=""):
    body = json.dumps(value)
    return f"{HEAD}Content-Length: {len(body)}\r\n{more}\r\n{body}"


def is_well(service):
    return service.extract({"texts": ["Ann"]}) == (200, {"results": [find_capitals("Ann", 0.5).to_dict()]})


def test_answers(service):
    texts = ["Ann met Bo", "", {"id": [1][0], "text": "x"}, {"tokens": ["Ann", "left"]}]
    status, content = service.extract({"texts": texts})
    expected = [find_capitals(text, 0.5).to_dict() for text in ("Ann met Bo", "", "x", "Ann left")]
    expected[2] = {"id": 1, **expected[2]}
    assert (status, content) == (200, {"results": expected})
    status, content = service.extract({"texts": ["Ann met Bo"], "relation_threshold": 0.7, "all_scores": True})
    assert status == 200 and not content["results"][0]["relations"] and content["results"][0]["candidates"]
    assert service.extract({"texts": []}) == (200, {"results": []})
    text = "\u202eAnn</script>\u2028\x00\U0001f642"
    assert service.extract({"texts": [text]})[1]["results"][0]["text"] == text


def test_refusals_are_one_line_of_json(service):
    for body, expected in [
        (b"[1", 400),
        (b"\xff\x00", 400),
        (b"", 400),
        ({"texts": [1]}, 422),
        ({"texts": ["a"], "threshold": 1}, 422),
        ({"texts": ["a"] * 5}, 413),
        ({"texts": ["x" * 20_001]}, 413),
        ({"texts": ["a", "bad"]}, 422),
    ]:
        status, content = service.extract(body)
        assert status == expected and list(content) == ["error"] and content["error"].isprintable(), body
    assert service.extract({"texts": ["a", "bad"]})[1]["error"] == "texts, item 1: a bad text, expected a good one"
    assert is_well(service)


def test_content_type(service):
    """A web page of someone else may send forms and plain text to this machine, but not JSON without asking first."""
    for kind, expected in [("text/plain", 415), ("application/json; charset=utf-8", 200), ("Application/JSON", 200)]:
        status, _ = service.extract({"texts": []}, content_type=kind)
        assert status == expected, kind
    status, headers, _ = service.call("OPTIONS", "/extract", Origin="http://elsewhere.example")
    assert status == 405 and "access-control-allow-origin" not in headers


def test_paths_methods_and_hosts(service):
    status, _, content = service.call("GET", "/extrakt")
    assert (status, content) == (404, {"error": "'/extrakt': no such path, expected /extract"})
    status, headers, content = service.call("GET", "/extract")
    assert (status, headers["allow"], content["error"]) == (405, "POST", "GET '/extract': expected POST")
    for host, expected in [("localhost", 200), ("127.0.0.1:80", 200), ("LOCALHOST.", 200), ("evil.example:80", 403)]:
        assert service.call("GET", "/health", Host=host)[0] == expected, host
    assert service.call("GET", "/health")[2] == {"status": "ok"}


def test_facts(service):
    content = service.call("GET", "/version")[2]
    assert content["model"] == "fake" and content["limits"]["texts"] == 4 and content["entity_types"][0] == "Name"
    schema = service.call("GET", "/openapi.json")[2]
    assert set(schema["paths"]) == {"/extract", "/health", "/version", "/metrics"}
    assert "413" in schema["paths"]["/extract"]["post"]["responses"]
    status, headers, page = service.call("GET", "/docs")
    assert status == 200 and b"relation_threshold" in page and b"ExtractAnswer" in page
    assert b"//" not in page.replace(b"</", b"") and headers["x-content-type-options"] == "nosniff"


def test_metrics(service):
    before = service.metrics()
    service.extract({"texts": ["a", "b"]})
    service.extract(b"[")
    after = service.metrics()
    changes = {name: value - before.get(name, 0) for name, value in after.items() if value != before.get(name, 0)}
    assert changes['cman_tf_requests_total{path="/extract",code="200"}'] == 1
    assert changes['cman_tf_requests_total{path="/extract",code="400"}'] == 1
    assert changes["cman_tf_batch_texts_sum"] == 2 and changes["cman_tf_seconds_count"] == 2
    assert after["cman_tf_queue_texts"] == 0 and after["cman_tf_requests_in_progress"] == 1


def test_large_bodies_are_refused_and_not_kept(service):
    """10 MB with a length, in chunks, and after a question; the connection is of use afterwards, or closed."""
    large = b'{"texts": ["' + b"x" * 10_000_000 + b'"]}'
    service.extract(large)  # what grows at the first use grows here
    before = service.metrics()["process_resident_memory_bytes"]
    for _ in range(5):
        assert service.extract(large) == (
            413,
            {"error": f"a body of {len(large)} bytes, expected at most 100000; send fewer texts at a time"},
        )
        parts = (large[first : first + 65536] for first in range(0, len(large), 65536))
        status, _, content = service.call("POST", "/extract", parts, content_type="application/json")
        assert status == 413 and "over 100000 bytes" in content["error"]
    assert service.metrics()["process_resident_memory_bytes"] - before < 4e6
    found = send(service, f"{HEAD}Expect: 100-continue\r\nContent-Length: 10000000\r\n\r\n")
    assert found.startswith("HTTP/1.1 413") and "connection: close" in found
    assert is_well(service)


def post_and_close(service, body):
    """Send a body as urllib does: with `Connection: close`, all of it before the answer is read."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{service.address}/extract", body, headers)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=20)
    with caught.value as error:
        return error.code, json.load(error)["error"]


@pytest.mark.parametrize("size", [2_000_000, 50_000_000])
def test_a_client_that_closes_afterwards_reads_why_its_body_is_refused(service, size):
    for _ in range(3):
        assert post_and_close(service, b"x" * size) == (
            413,
            f"a body of {size} bytes, expected at most 100000; send fewer texts at a time",
        )
    assert post_and_close(service, iter([b"x" * 65536] * 40))[0] == 413
    assert is_well(service)


def test_a_client_that_goes_on_sending_is_dropped():
    """By time and by size."""
    for limits in ({"drain_seconds": 0.3}, {"drain_bytes": 20_000_000}):
        with start(limits=limits) as service, socket.create_connection(("127.0.0.1", service.port), 20) as connection:
            connection.sendall(f"{HEAD}Connection: close\r\nContent-Length: 9000000000\r\n\r\n".encode())
            begin = time.monotonic()
            with pytest.raises((BrokenPipeError, ConnectionResetError)):
                while time.monotonic() - begin < 10:
                    connection.sendall(b"x" * 10_000)
            assert time.monotonic() - begin < 4
            assert service.end() == (0, "")


def test_no_http(service):
    for data in ("garbage\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", f"GET /{'x' * 600_000}"):
        found = send(service, data)
        assert found.startswith("HTTP/1.1 400") and '"error"' in found, found
    found = send(service, f"{HEAD}Transfer-Encoding: chunked\r\n\r\nno number\r\n")
    assert found.startswith("HTTP/1.1 400")
    assert is_well(service)


def test_requests_one_after_another_without_waiting(service):
    """Pipelined requests are answered in their order."""
    found = send(service, make_request({"texts": ["A"]}) + make_request({"texts": ["B"]}, "Connection: close\r\n"))
    assert found.count("HTTP/1.1 200") == 2 and found.index('"text": "A"') < found.index('"text": "B"')


def test_half_closed_connections(service, hasty):
    """A client that closed its side after a whole request gets its answer; after half a request, nothing."""
    for process in (service, hasty):
        assert '"text": "Ann"' in send(process, make_request({"texts": ["Ann"]}), close=True)
        assert send(process, f"{HEAD}Content-Length: 50\r\n\r\n{{", close=True) == ""
        assert send(process, HEAD, close=True) == "" and send(process, "", close=True) == ""
        assert is_well(process)


def test_slow_connections_are_closed(hasty):
    """No request, half a header, half a body, and silence after an answer."""
    start = time.monotonic()
    assert send(hasty, "") == send(hasty, HEAD) == ""
    found = send(hasty, f"{HEAD}Content-Length: 50\r\n\r\n{{")
    assert found.startswith("HTTP/1.1 408") and "did not arrive within 0.4 s" in found
    assert send(hasty, make_request({"texts": ["Ann"]})).startswith("HTTP/1.1 200")
    assert time.monotonic() - start < 10
    assert is_well(hasty)


def test_drops_of_header_do_not_keep_a_connection(hasty):
    with socket.create_connection(("127.0.0.1", hasty.port)) as connection:
        start = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - start < 10:
                connection.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() - start < 5


def test_a_client_that_does_not_read_is_dropped(hasty):
    """Its answers are larger than what the system holds for it."""
    with socket.create_connection(("127.0.0.1", hasty.port), 20) as connection:
        connection.sendall(make_request({"texts": ["Ann " * 4000] * 6}).encode() * 3)
        start = time.monotonic()
        while hasty.metrics()["cman_tf_connections"] > 1 and time.monotonic() - start < 30:
            time.sleep(0.1)
        assert 1 < time.monotonic() - start < 20
    assert is_well(hasty)


def test_too_many_connections(hasty):
    with contextlib.ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(socket.create_connection(("127.0.0.1", hasty.port)))
        time.sleep(0.1)
        assert "HTTP/1.1 503" in send(hasty, "")
    time.sleep(0.1)
    assert is_well(hasty)


def ask_together(service, requests, **headers):
    """Send requests at the same time; returns their answers, in their order."""
    answers = [None] * len(requests)

    def ask(place):
        answers[place] = service.extract(requests[place], **headers)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(requests))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_bad_text_harms_no_other_request(service):
    requests = [{"texts": [f"A{n}"]} for n in range(20)]
    requests[7] = {"texts": ["bad"]}
    answers = ask_together(service, requests)
    for n, (status, content) in enumerate(answers):
        if n == 7:
            assert (status, content["error"]) == (422, "texts, item 0: a bad text, expected a good one")
        else:
            assert status == 200 and content["results"][0]["text"] == f"A{n}"


def test_a_service_that_is_busy():
    """While the model works on one request two can wait; the others are sent away, and told when to come again."""
    with start(delay=0.5, limits={"queue_texts": 4, "requests": 5}) as service:
        answers = ask_together(service, [{"texts": ["a", "b"]} for _ in range(20)])
        assert {status for status, _ in answers} == {200, 503}
        messages = {content["error"] for status, content in answers if status == 503}
        assert messages == {
            "4 texts with 4 characters wait already; send the request again later",
            "5 requests wait already; send the request again later",
        }
        assert service.metrics()['cman_tf_requests_total{path="/extract",code="503"}'] >= 3
        assert service.end() == (0, "")


def test_time_out(hasty):
    """The texts make 15 batches of 0.2 s."""
    status, content = hasty.extract({"texts": ["x" * 20_000] * 30})
    assert (status, content["error"]) == (504, "no answer within 2 s; send fewer or shorter texts")
    assert is_well(hasty)


def test_a_sender_that_is_gone_costs_nothing(hasty):
    """The model is not asked for the rest of its texts."""
    before = hasty.metrics()["cman_tf_batch_texts_sum"]
    with socket.create_connection(("127.0.0.1", hasty.port)) as connection:
        connection.sendall(make_request({"texts": ["x" * 20_000] * 30}).encode())
        time.sleep(0.3)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, no end
    assert is_well(hasty)
    after = hasty.metrics()
    assert after["cman_tf_batch_texts_sum"] - before < 20
    assert after['cman_tf_requests_total{path="/extract",code="499"}'] >= 1


def test_a_sender_that_closed_is_gone_but_one_that_closed_its_side_is_answered(hasty):
    """Both send the same; only the first has nobody who reads. The model reads no more of its texts."""
    before = hasty.metrics()["cman_tf_batch_texts_sum"]
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", hasty.port)) as connection:
            connection.sendall(make_request({"texts": ["x" * 20_000] * 30}).encode())
    time.sleep(0.7)
    found = send(hasty, make_request({"texts": ["Ann"]}), close=True)
    assert "HTTP/1.1 200" in found and '"text": "Ann"' in found
    after = hasty.metrics()
    assert after["cman_tf_batch_texts_sum"] - before < 20 and after["cman_tf_queue_texts"] == 0


def test_an_error_of_the_model_is_one_answer_and_one_log(capfd):
    with start() as service:
        answers = ask_together(service, [{"texts": ["bug"]}, {"texts": ["a"]}])
        assert [status for status, _ in answers] == [500, 200]
        assert answers[0][1] == {"error": "the model failed on a text of the request; the service's log has more"}
        code, errors = service.end()
        assert code == 0 and errors.count("RuntimeError: a bug") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load(number):
    """Clients that ask without a pause get each request answered that was accepted; then the service ends with 0."""
    wrong, answered, is_over = [], [], threading.Event()

    def ask(port):
        """Ask on one connection while it is open, then on a new one."""
        while not is_over.is_set():
            try:
                with socket.create_connection(("127.0.0.1", port), 20) as connection:
                    file = connection.makefile("rb")
                    keep = True
                    while keep and not is_over.is_set():
                        connection.sendall(make_request({"texts": ["Ann"]}).encode())
                        line = file.readline()
                        headers = {}
                        while (field := file.readline()).strip():
                            name, _, value = field.decode().partition(":")
                            headers[name.lower()] = value.strip()
                        body = file.read(int(headers.get("content-length", 0)))
                        if b"200" not in line or '"text": "Ann"' not in body.decode():
                            wrong.append((line, body))
                            return
                        answered.append(time.monotonic())
                        keep = headers.get("connection") != "close"
            except ConnectionRefusedError:
                return
            except OSError as error:
                wrong.append(error)
                return

    with start(delay=0.03) as service:
        clients = [threading.Thread(target=ask, args=(service.port,)) for _ in range(8)]
        for client in clients:
            client.start()
        time.sleep(1)
        at = time.monotonic()
        code, errors = service.end(number)
        took = time.monotonic() - at
        is_over.set()
        for client in clients:
            client.join()
    assert (code, errors) == (0, "")
    assert len(answered) > 40 and max(answered) >= at - 0.1
    assert not wrong and took < 10


def test_a_port_in_use():
    with open_socket("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(DataError, match=f"127.0.0.1, port {port}: Address already in use, expected a free port"):
            open_socket("127.0.0.1", port)
    with pytest.raises(DataError, match="--host=no.such.host.invalid: .*, expected an address of this machine"):
        open_socket("no.such.host.invalid", 0)
    with pytest.raises(DataError, match="^--host=203.0.113.7: not an address of this machine, expected one"):
        open_socket("203.0.113.7", 0)


def test_address_of_ipv6():
    try:
        opened = open_socket("::1", 0)
    except DataError:
        pytest.skip("this machine has no IPv6")
    with opened:
        assert address_of(opened) == f"http://[::1]:{opened.getsockname()[1]}"


def test_the_fake_model_is_like_an_extractor():
    assert [found.text for found in make_extract()(["Ann", "Bo"])] == ["Ann", "Bo"]
