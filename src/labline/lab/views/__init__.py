"""What a front end shows, put together from several records."""

from labline.lab.views.views import Views

__all__ = ["Views"]
