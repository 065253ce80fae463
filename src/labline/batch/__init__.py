"""Batch scoring: a model version over files of rows, on processes here or on Dask elsewhere."""

from labline.batch.service import Order, Scored, Subject, run

__all__ = ["Order", "Scored", "Subject", "run"]
