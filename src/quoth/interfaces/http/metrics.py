"""What is counted, for Prometheus: no names of documents, questions or keys."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quoth.answer import Answer

_SECONDS = (0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 60.0)


class Meters:
    """The counters of one server."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ["method", "route", "status"]
        self.requests = Counter("quoth_requests", "Requests.", labels, registry=self.registry)
        self.latency = self._seconds("quoth_request_seconds", "Until the response ended.", ["route"])
        self.first_token = self._seconds("quoth_first_token_seconds", "From a question's turn to its first words.")
        self.answering = self._seconds("quoth_answer_seconds", "From the question to the whole answer.")
        self.questions = Gauge("quoth_questions", "Questions waiting or being answered.", registry=self.registry)
        self.jobs = Gauge("quoth_jobs", "Jobs waiting or being done.", registry=self.registry)
        self.answers = Counter("quoth_answers", "Answers, refusals among them.", registry=self.registry)
        self.refusals = Counter("quoth_refusals", "What the documents did not say.", registry=self.registry)
        self.tokens = Counter("quoth_answer_tokens", "Tokens of answers.", registry=self.registry)

    def _seconds(self, name: str, text: str, labels: list[str] | None = None) -> Histogram:
        return Histogram(name, text, labels or [], buckets=_SECONDS, registry=self.registry)

    def count(self, answer: Answer) -> None:
        """An answer was finished."""
        self.answers.inc()
        self.tokens.inc(len(answer.tokens))
        self.refusals.inc(answer.abstained)
        self.answering.observe(answer.timing.total_s)

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        return generate_latest(self.registry)


class Metering:
    """Counts every request that passes, by the route that it took."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            # An unheard-of method is no label: each would be a new series.
            method = scope["method"] if route != "none" else "none"
            self._meters.requests.labels(method, route, status).inc()
            self._meters.latency.labels(route).observe(time.perf_counter() - start)
