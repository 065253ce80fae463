"""Runs, models and the registry, kept in MLflow: the only part of labline that imports it.

Everything stays readable in MLflow's own UI; labline adds tags (``labline.*``) and, below the
artifact folder ``labline/``, what MLflow has no place for.
"""

from labline.tracking.client import Tracking

__all__ = ["Tracking"]
