"""The Jupyter Server extension: parse, call :class:`labline.lab.Lab`, answer.

Loading it imports nothing heavy; the ``Lab`` is made in a thread by the first request.
"""

from labline.server.app import LablineApp

__all__ = ["LablineApp"]
