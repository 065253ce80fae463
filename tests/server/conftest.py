"""A real Jupyter server for the tests of this folder; its event loop is for no other tests."""

from functools import partial

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403
from pytest_jupyter.jupyter_server import jp_fetch as usual_fetch  # noqa: F401

#: seconds in which a busy machine loads what a first request needs
LONG = 120


@pytest.fixture
def jp_fetch(usual_fetch):  # noqa: F811
    """Fetch as pytest-jupyter does, with more patience."""
    return partial(usual_fetch, request_timeout=LONG)
