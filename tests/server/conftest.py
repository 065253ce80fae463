"""A real Jupyter server for the tests of this folder; its event loop is for no other tests."""

from pytest_jupyter.jupyter_server import *  # noqa: F403
