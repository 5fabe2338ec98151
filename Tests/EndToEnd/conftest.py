"""Fixtures that all facts share."""

import contextlib
import os
import pathlib

import pytest

from harness.bundle import Bundle, policy
from harness.gateway import SLUICE, Gateway
from harness.keys import Keys
from harness.upstream import RefusingUpstream, Upstream


def pytest_configure():
    if not os.access(SLUICE, os.X_OK):
        pytest.exit(
            f"{SLUICE} is missing; build it first: swift build --product sluice", returncode=3
        )


@pytest.fixture
def upstream():
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture
def second_upstream():
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture
def refusing():
    refusing = RefusingUpstream()
    yield refusing
    refusing.close()


@pytest.fixture
def start(tmp_path):
    """Starts gateways and stops them, each with a clean exit.

    `start(sections)` or `start(bundle=folder)`; one state folder a test.
    """
    with contextlib.ExitStack() as stack:

        def begin(sections=None, bundle=None, state=None, **options):
            if bundle is None:
                bundle = Bundle(tmp_path / "bundle", sections)
            path = getattr(bundle, "path", bundle)
            gateway = Gateway(path, state or tmp_path / "state", **options)
            gateway.bundle = bundle
            return stack.enter_context(gateway)

        yield begin


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def keys(state):
    return Keys(state)


@pytest.fixture(scope="module")
def shared_upstream():
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture(scope="module")
def shared(shared_upstream, request, tmp_path_factory):
    """One gateway for the facts of a module that leave nothing behind.

    A module may define `sections(upstream)`.
    """
    make = getattr(request.module, "sections", policy)
    folder = tmp_path_factory.mktemp("shared")
    bundle = Bundle(folder / "bundle", make(shared_upstream))
    with Gateway(bundle.path, folder / "state") as gateway:
        yield gateway


@pytest.fixture
def gateway(shared, shared_upstream):
    """The module's gateway in front of an upstream that has forgotten what came before."""
    shared_upstream.reset()
    shared.upstream = shared_upstream
    return shared
