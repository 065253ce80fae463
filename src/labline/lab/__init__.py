"""Lab: the one service object that every surface calls."""

from labline.lab.service import Lab
from labline.lab.serving import Deployment, EnvironmentMode

__all__ = ["Deployment", "EnvironmentMode", "Lab"]
