"""Who asks: by Jupyter's word where it knows people, else the user whose server this is."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.identity import IdentityProvider, PasswordIdentityProvider


def asker(provider: IdentityProvider, user: Any) -> str:
    """Return the name of the person behind a request.

    Jupyter's own two providers let in whoever has the server's token or password, and call them
    by a new random name in each browser: that is nobody's identity, and two browsers would be
    four eyes. There it is the system's user whose server this is, as on the command line. A
    provider that knows people (JupyterHub's, or one of a site's own) is believed.
    """
    if type(provider) in (IdentityProvider, PasswordIdentityProvider):
        from labline.lab.promoting import signed_in

        return signed_in()
    return str(user.username)
