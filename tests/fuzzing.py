"""Requests made from the OpenAPI document, half of them against it, and what is checked of the replies."""

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
    """Counts of statuses by operation, of some so many cases; raises at the first that is not as it should be."""
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    counts = defaultdict(Counter)
    with requests.Session() as session:
        for operation in operations:
            for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
                _fuzz(operation, mode, -(-cases // (2 * len(operations))), counts[operation.label], session)
    return counts


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
