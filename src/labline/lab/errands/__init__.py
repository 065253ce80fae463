"""Work that is asked for and not waited for: a server submits it, and looks later."""

from labline.lab.errands.errands import Errands

__all__ = ["Errands"]
