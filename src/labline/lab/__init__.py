"""Lab: the one service object that every surface calls."""

from labline.lab.ordering import EnvironmentMode, Order
from labline.lab.service import Lab
from labline.lab.serving import Deployment

__all__ = ["Deployment", "EnvironmentMode", "Lab", "Order"]
