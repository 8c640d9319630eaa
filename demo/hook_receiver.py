"""A webhook's other end: keeps every request and answers as it is told."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from demo.loopback import LoopbackServer, Request, Response


@dataclass(frozen=True, slots=True)
class HookRequest:
    """One request as it arrived; header names are lower case, ``body`` is what a signature covers."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """One scripted answer: a status, and what comes with it.

    ``retry_after`` is sent as it stands (seconds or an HTTP date), ``location`` makes a redirect,
    ``delay_s`` lets the client wait before a single byte comes.
    """

    status: int = 200
    retry_after: str = ""
    location: str = ""
    delay_s: float = 0.0


class HookReceiver(LoopbackServer):
    """A loopback endpoint for webhooks; answers in the scripted order, then with 200 for ever."""

    def __init__(self, *answers: HookAnswer) -> None:
        self._answers = deque(answers)
        self._requests: list[HookRequest] = []
        self._lock = threading.Lock()
        super().__init__(self._respond)

    @property
    def url(self) -> str:
        """Where to send: ``http://127.0.0.1:<port>/hook``."""
        return f"{super().url}/hook"

    @property
    def requests(self) -> list[HookRequest]:
        """What arrived so far, oldest first."""
        with self._lock:
            return list(self._requests)

    def empty(self) -> None:
        """Forget what arrived."""
        with self._lock:
            self._requests.clear()

    def answer_with(self, *answers: HookAnswer) -> None:
        """Append answers to the script."""
        with self._lock:
            self._answers.extend(answers)

    def forget_script(self) -> None:
        """Answer with 200 from now on."""
        with self._lock:
            self._answers.clear()

    def _respond(self, request: Request) -> Response:
        with self._lock:
            self._requests.append(HookRequest(request.method, request.path, request.headers, request.body))
            scripted = self._answers.popleft() if self._answers else HookAnswer()
        if scripted.delay_s:
            self.closing.wait(scripted.delay_s)
        headers = [("Content-Type", "text/plain; charset=utf-8")]
        if scripted.retry_after:
            headers.append(("Retry-After", scripted.retry_after))
        if scripted.location:
            headers.append(("Location", scripted.location))
        return Response(scripted.status, b"", tuple(headers))
