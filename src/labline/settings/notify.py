"""``[notify]``: who is told what, and how."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from labline.settings.section import Section

Event = Literal[
    "job.failed",
    "schedule.failed",
    "model.promoted",
    "endpoint.rolled_back",
    "endpoint.drifted",
    "endpoint.dropped",
    "endpoint.recovered",
    "endpoint.retrained",
]
_ADDRESS = re.compile(r"[^@\s<>,]+@[^@\s<>,]+")


def _reference(value: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_]\w*", value):
        # The value is not shown: it may be the secret itself.
        raise ValueError('it must be "env:NAME", never the secret itself')
    return value


def _place(value: str) -> str:
    if not re.fullmatch(r"env:[A-Za-z_]\w*|https?://\S+", value):
        raise ValueError('it must be "https://..." or "env:NAME"')
    return value


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise ValueError(f'{value!r} is no e-mail address like "team@example.com"')
    return value


Reference = Annotated[str, AfterValidator(_reference)]
Address = Annotated[str, AfterValidator(_address)]


class SmtpSettings(Section):
    """``[notify.smtp]``: the server that e-mail goes through."""

    host: str = Field("", description="SMTP server; needed for email")
    port: int = Field(587, ge=1, le=65535, description="its port")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description='"starttls", "tls" from the start (port 465), or "none"'
    )
    user: str | None = Field(None, description="name to sign in with; nobody signs in if unset")
    password: Reference | None = Field(None, description='where its password is: "env:NAME"')
    sender: Address | None = Field(None, description="address that messages come from")


class NotifySettings(Section):
    """``[notify]``: who is told of what happens while nobody looks."""

    on: tuple[Event, ...] = Field(
        (
            "job.failed",
            "schedule.failed",
            "endpoint.drifted",
            "endpoint.dropped",
            "endpoint.retrained",
        ),
        description="events to tell of; there are also model.promoted, endpoint.rolled_back and "
        "endpoint.recovered",
    )
    webhook: Annotated[str, AfterValidator(_place)] | None = Field(
        None, description='URL that is posted to, or "env:NAME" where it holds a secret'
    )
    secret: Reference | None = Field(
        None, description='where the secret is that signs what is posted: "env:NAME"'
    )
    email: tuple[Address, ...] = Field((), description="addresses that get an e-mail")
    smtp: SmtpSettings = SmtpSettings()

    @model_validator(mode="after")
    def _have_a_server(self) -> NotifySettings:
        if self.email and not (self.smtp.host and self.smtp.sender):
            raise ValueError(
                "email needs a server: smtp = "
                '{ host = "smtp.example.com", sender = "labline@example.com" }'
            )
        return self
