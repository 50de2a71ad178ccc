"""Requests made from the OpenAPI document, half of them against it, and what is checked of the replies."""

import logging
from collections import Counter, defaultdict

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
SETTINGS = settings(deadline=None, database=None, phases=[Phase.generate], suppress_health_check=HealthCheck)


def fuzz(url, cases):
    """Counts of statuses by operation, of some so many cases.

    Raises at the first reply that is not as it should be, and if anything was logged as an error: a job that broke.
    """
    errors = Errors(logging.ERROR)
    logging.getLogger().addHandler(errors)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    # What takes nothing has one case; and no name of a model is malformed.
    kinds = 2 * sum(bool(one.body or one.path_parameters or one.query) for one in operations) - 1
    counts = defaultdict(Counter)
    with requests.Session() as session:
        for operation in operations:
            for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
                _fuzz(operation, mode, -(-cases // kinds), counts[operation.label], session)
    logging.getLogger().removeHandler(errors)
    assert not errors.records, errors.records
    return counts


class Errors(logging.Handler):
    """Keeps what is logged. The server and its jobs are threads of this process."""

    def __init__(self, level):
        super().__init__(level)
        self.records = []

    def emit(self, record):
        self.records.append(record)


def _fuzz(operation, mode, cases, statuses, session):
    @seed(0)
    @settings(SETTINGS, max_examples=cases)
    @given(operation.as_strategy(generation_mode=mode))
    def one(case):
        if mode is GenerationMode.POSITIVE and statuses.total() % 4:
            _name_what_there_is(case, session)
        response = case.call_and_validate(session=session, checks=CHECKS, timeout=60)
        statuses[response.status_code] += 1

    try:
        one()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # what takes nothing has nothing that is wrong


def _name_what_there_is(case, session):
    """Made-up names are answered by 404 alone: three of four cases name what is there."""
    url = case.operation.schema.get_base_url().rstrip("/")
    if case.query:
        case.query.pop("collection", None)
    if isinstance(case.body, dict) and "model" in case.body:
        case.body["model"] = "quoth"
    for name in case.path_parameters or {}:
        if name == "model":
            case.path_parameters[name] = "quoth"
        elif name == "document_id":
            documents = session.get(f"{url}/documents?limit=2").json()["documents"]
            case.path_parameters[name] = documents[-1]["id"] if documents else "0" * 16
        elif name == "passage_id":
            hits = session.post(f"{url}/search", json={"query": "red", "k": 1}).json()
            case.path_parameters[name] = hits[0]["passage_id"]
