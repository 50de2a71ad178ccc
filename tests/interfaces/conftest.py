"""One tiny knowledge base and one real server for all tests of the ways in."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    from serving import tiny_base

    return tiny_base(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="session")
def url(base):
    from serving import app_of, serving

    with serving(app_of(base)) as url:
        yield url


@pytest.fixture(scope="session")
def http(url):
    import httpx

    with httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture
def uploads(base) -> Path:
    return base.folder / "uploads"
