"""The bad line of the upload tests is itself tried, against a small server."""

import hashlib
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from tests import faults
from tests.faults import FaultProxy

MIB = 1024 * 1024
PART = "/bucket/some%20key?partNumber=3&uploadId=u"


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: dict[str, str] = {}  # the hash of each body that came whole
        self.hosts: list[str] = []
        self.connections: set[int] = set()

    def handle_error(self, request: object, client_address: object) -> None:
        """Broken connections are what this is about."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_PUT(self) -> None:
        self.server.hosts.append(self.headers["Host"])
        if "early" in self.path:
            self.answer(403, b"no", close=True)
            return
        left, digest = int(self.headers["Content-Length"]), hashlib.sha256()
        while left:
            chunk = self.rfile.read1(min(left, 65536))
            if not chunk:
                self.close_connection = True
                return
            left -= len(chunk)
            digest.update(chunk)
        self.server.got[self.path] = digest.hexdigest()
        self.answer(200, b"")

    def do_GET(self) -> None:
        if "chunked" in self.path:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
            return
        self.answer(200, b"x" * MIB)

    def do_OPTIONS(self) -> None:
        self.answer(204, b"")

    def answer(self, status: int, body: bytes, *, close: bool = False) -> None:
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        if close:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def line(server: Server) -> Iterator[FaultProxy]:
    with FaultProxy(f"http://127.0.0.1:{server.server_port}") as line:
        yield line


@pytest.fixture
def client() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def put(line: FaultProxy, client: requests.Session, content: bytes, path: str = PART) -> requests.Response:
    return client.put(line.address + path, data=content, timeout=10, headers={"Origin": "https://tool.example"})


def test_passes_everything_as_it_came(line: FaultProxy, server: Server, client: requests.Session) -> None:
    content = bytes(range(256)) * 4096 * 3
    for _ in range(3):
        assert put(line, client, content).status_code == 200
    assert client.get(f"{line.address}/bucket/k", timeout=10).content == b"x" * MIB
    assert client.get(f"{line.address}/bucket/chunked", timeout=10).content == b"abcdefg"
    assert client.options(line.address + PART, timeout=10).status_code == 204

    assert server.got == {PART: hashlib.sha256(content).hexdigest()}
    assert set(server.hosts) == {f"localhost:{line.port}"}
    assert line.puts() == {("some key", 3): 3}
    assert line.body_bytes(faults.parts) == 3 * len(content)
    assert [request.status for request in line.seen()] == [200] * 5
    line.forget()
    assert line.seen() == []


def test_one_connection_carries_many_requests(line: FaultProxy, client: requests.Session) -> None:
    for _ in range(5):
        put(line, client, b"x")
        client.get(f"{line.address}/bucket/chunked", timeout=10)
    assert line.connections == 1


def test_reset_every_nth(line: FaultProxy, client: requests.Session) -> None:
    line.reset(every=2)
    outcomes = []
    for _ in range(4):
        client.options(line.address + PART, timeout=10)  # not counted, never hit
        try:
            outcomes.append(put(line, client, b"x").status_code)
        except requests.ConnectionError:
            outcomes.append(0)
    assert outcomes == [200, 0, 200, 0]
    assert line.hits == 2


def test_reset_is_one(line: FaultProxy) -> None:
    line.reset()
    with socket.create_connection(("127.0.0.1", line.port)) as connection:
        connection.sendall(f"GET {PART} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            connection.recv(1)


def test_reset_in_the_middle_of_a_body(line: FaultProxy, server: Server, client: requests.Session) -> None:
    line.reset(of=faults.parts, after=MIB, times=1)
    assert put(line, client, b"x", "/bucket/other").status_code == 200
    with pytest.raises(requests.ConnectionError):
        put(line, client, b"x" * 8 * MIB)
    assert PART not in server.got
    assert line.seen(faults.parts)[0].received >= MIB
    assert line.seen(faults.parts)[0].status == 0

    assert put(line, client, b"x" * 8 * MIB).status_code == 200


def test_stall_holds_and_lets_go(line: FaultProxy, client: requests.Session, pool: ThreadPoolExecutor) -> None:
    line.stall()
    held: Future[requests.Response] = pool.submit(put, line, client, b"x" * MIB)
    assert requests.options(line.address + PART, timeout=10).status_code == 204
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{line.address}/bucket/k", timeout=0.3)
    assert not held.done()

    line.release()
    assert held.result(timeout=10).status_code == 200


def test_stall_may_lose_what_it_held(line: FaultProxy, pool: ThreadPoolExecutor) -> None:
    line.stall()
    held = pool.submit(requests.get, f"{line.address}/bucket/k", timeout=1)
    while not line.seen():
        pass
    line.release(lost=True)

    assert requests.get(f"{line.address}/bucket/k", timeout=10).status_code == 200
    with pytest.raises(requests.ReadTimeout):
        held.result(timeout=10)


def test_slow_down_is_s3s_and_readable(line: FaultProxy, server: Server, client: requests.Session) -> None:
    line.slow_down(times=2)
    for _ in range(2):
        answer = put(line, client, b"x" * 2 * MIB)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (503, "https://tool.example")
        assert "<Code>SlowDown</Code>" in answer.text
    assert server.got == {}
    assert put(line, client, b"x").status_code == 200


def test_slow_down_is_understood_by_boto3(line: FaultProxy) -> None:
    """It waits for 100 Continue before it sends a body."""
    config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    s3 = boto3.client("s3", endpoint_url=line.address, aws_access_key_id="a", aws_secret_access_key="b", config=config)
    line.slow_down(times=1)
    with pytest.raises(ClientError, match="SlowDown"):
        s3.put_object(Bucket="bucket", Key="k", Body=b"x" * MIB)
    s3.put_object(Bucket="bucket", Key="k", Body=b"x" * MIB)
    assert [request.headers.get("expect") for request in line.seen()] == ["100-continue"] * 2
    s3.close()


def test_truncated_request_does_not_arrive(line: FaultProxy, server: Server, client: requests.Session) -> None:
    line.truncate_requests(times=1)
    with pytest.raises(requests.ConnectionError):
        put(line, client, b"x" * 8 * MIB)
    assert server.got == {}
    assert put(line, client, b"x").status_code == 200


def test_truncated_answer_is_to_work_that_was_done(line: FaultProxy, server: Server, client: requests.Session) -> None:
    line.truncate_answers(times=2)
    with pytest.raises(requests.ConnectionError):
        put(line, client, b"x")
    assert PART in server.got
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        client.get(f"{line.address}/bucket/k", timeout=10)
    assert [request.status for request in line.seen()] == [0, 0]
    assert len(client.get(f"{line.address}/bucket/k", timeout=10).content) == MIB


def test_early_answer_is_read(line: FaultProxy, client: requests.Session) -> None:
    for _ in range(5):
        assert put(line, client, b"x" * 8 * MIB, "/bucket/early").status_code == 403


def test_server_that_is_down_refuses_and_comes_back(
    line: FaultProxy, client: requests.Session, pool: ThreadPoolExecutor
) -> None:
    put(line, client, b"x")
    line.rate = MIB
    held = pool.submit(requests.put, line.address + PART, data=b"x" * 8 * MIB, timeout=30)
    while len(line.seen()) < 2:
        pass
    line.refuse()
    with pytest.raises(requests.ConnectionError):
        held.result(timeout=10)
    with pytest.raises(requests.ConnectionError):
        client.get(f"{line.address}/bucket/k", timeout=10)

    line.heal()
    assert put(line, client, b"x").status_code == 200


def test_rate_and_delay_slow_things(line: FaultProxy, client: requests.Session) -> None:
    line.rate = 4 * MIB
    assert put(line, client, b"x" * 2 * MIB).elapsed.total_seconds() > 0.4
    line.heal()
    line.delay = 0.2
    assert put(line, client, b"x").elapsed.total_seconds() >= 0.2


def test_closing_leaves_nothing_behind(server: Server, pool: ThreadPoolExecutor) -> None:
    with FaultProxy(f"http://127.0.0.1:{server.server_port}") as line:
        line.stall()
        held = pool.submit(requests.get, f"{line.address}/bucket/k", timeout=30)
        while not line.seen():
            pass
    with pytest.raises(requests.ConnectionError):
        held.result(timeout=10)
    assert not [thread for thread in threading.enumerate() if thread.name == "fault proxy"]
