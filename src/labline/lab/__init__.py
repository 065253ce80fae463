"""Lab: the one service object that every surface calls."""

from labline.lab.service import Deployment, EnvironmentMode, Lab

__all__ = ["Deployment", "EnvironmentMode", "Lab"]
