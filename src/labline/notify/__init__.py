"""Notices: tell people, by webhook and e-mail, what happened while they did not look."""

from labline.notify.notice import Notice
from labline.notify.service import Notices

__all__ = ["Notice", "Notices"]
