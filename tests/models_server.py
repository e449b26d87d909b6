"""A real HTTP server on this machine whose answers a test writes down beforehand."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from learn_by_interact.models import Message, Request

Body = dict[str, Any]


class Answer:
    """What the server sends: a status, headers and a body; `drop` closes the connection instead."""

    def __init__(
        self, body: object = b"", status: int = 200, headers: dict[str, str] | None = None, drop: bool = False
    ) -> None:
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.status = status
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        self.drop = drop


class Seen:
    """What reached the server; names of headers in lower case."""

    def __init__(self) -> None:
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""


@contextmanager
def serving(answer: Callable[[Body, int], Answer], port: int = 0) -> Iterator[Seen]:
    """Serve `answer(request body, number of the call from 0)` on `seen.url`."""
    seen = Seen()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                number = len(seen.bodies)
                seen.bodies.append(body)
                seen.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send(answer(body, number))

        def send(self, reply: Answer) -> None:
            if reply.drop:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            return  # clients of these tests hang up on purpose

    server = Server(("127.0.0.1", port), Handler)
    seen.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def completion(text: str | None, finish: str = "stop", cached: int = 3) -> Body:
    """A chat completion of 10 prompt tokens, `cached` of them cached, and 5 more."""
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "served-model",
        "choices": [{"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text}}],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "total_tokens": 15,
            "prompt_tokens_details": {"cached_tokens": cached},
        },
    }


def asking(text: str = "hello", model: str = "m", **rest: Any) -> Request:
    """A request of one user message."""
    return Request(model=model, messages=(Message(role="user", content=text),), **rest)
