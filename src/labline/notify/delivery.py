"""How a notice goes out: HTTP and SMTP, one try each time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import smtplib
import ssl
import time
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING

from labline.errors import BadSettings, Failed, Unreachable
from labline.settings import NotifySettings, SmtpSettings

if TYPE_CHECKING:
    from labline.notify.notice import Notice

_TIMEOUT = 10.0
_PREFIX = "whsec_"
#: answers after which it may go better later
_AGAIN = {408, 425, 429, 500, 502, 503, 504}


def post(notice: Notice, settings: NotifySettings) -> None:
    """Post a notice to the webhook.

    Raises
    ------
    Unreachable
        It may go better later.
    Failed
        It will not: the receiver does not want it.
    BadSettings
        A variable is not set.
    """
    import httpx

    url = resolved(settings.webhook or "", "webhook")
    body = json.dumps(notice.body(), ensure_ascii=False, default=str).encode()
    secret = resolved(settings.secret, "secret") if settings.secret else None
    try:
        answer = httpx.post(
            url,
            content=body,
            headers=headers(notice.id, body, secret, time.time()),
            timeout=_TIMEOUT,
            trust_env=True,
        )
    except (httpx.TransportError, httpx.InvalidURL) as error:
        # Its text, and the URL, may hold a secret.
        raise Unreachable(f"The webhook does not answer: {type(error).__name__}.") from error
    if answer.is_success:
        return
    kind = Unreachable if answer.status_code in _AGAIN else Failed
    raise kind(f"The webhook answers {answer.status_code} {answer.reason_phrase}.")


def headers(id: str, body: bytes, secret: str | None, now: float) -> dict[str, str]:
    """Return the headers of a message, signed as https://www.standardwebhooks.com has it."""
    stamp = str(int(now))
    made = {
        "content-type": "application/json",
        "user-agent": "labline",
        "webhook-id": id,
        "webhook-timestamp": stamp,
    }
    if secret is None:
        return made
    signed = hmac.new(_key(secret), f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {**made, "webhook-signature": f"v1,{base64.b64encode(signed).decode()}"}


def _key(secret: str) -> bytes:
    try:
        if secret.startswith(_PREFIX):
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError as error:
        raise BadSettings(f"[notify] secret begins with {_PREFIX} and is not base64.") from error
    return secret.encode()


def mail(notice: Notice, settings: NotifySettings, project: str) -> None:
    """Send a notice as an e-mail; raises as :func:`post` does."""
    message, smtp = letter(notice, settings, project), settings.smtp
    password = resolved(smtp.password, "smtp.password") if smtp.password else ""
    try:
        with _server(smtp) as server:
            if smtp.user:
                server.login(smtp.user, password)
            server.send_message(message)
    except smtplib.SMTPAuthenticationError as error:
        raise Failed(f"{smtp.host} does not let {smtp.user} sign in.") from error
    except UnicodeEncodeError as error:
        raise Failed(f"{smtp.user} cannot sign in: SMTP passwords are plain ASCII.") from error
    except smtplib.SMTPResponseException as error:
        kind = Unreachable if error.smtp_code < 500 else Failed
        raise kind(f"{smtp.host} answers {error.smtp_code}.") from error
    except smtplib.SMTPRecipientsRefused as error:
        raise Failed(f"{smtp.host} refuses {', '.join(error.recipients)}.") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(f"{smtp.host}:{smtp.port} does not take mail: {error}") from error


def letter(notice: Notice, settings: NotifySettings, project: str) -> EmailMessage:
    """Return the e-mail that tells a notice."""
    made = EmailMessage()
    made["Subject"] = " ".join(f"[{project}] {notice.title}".split())
    made["From"] = settings.smtp.sender
    made["To"] = ", ".join(settings.email)
    made["Date"] = formatdate(notice.at)
    made["Message-ID"] = make_msgid(notice.id, "labline")
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(f"{notice.title}\n\n{notice.text}\n")
    return made


def _server(smtp: SmtpSettings) -> smtplib.SMTP:
    if smtp.security == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=_TIMEOUT, context=context)
    server = smtplib.SMTP(smtp.host, smtp.port, timeout=_TIMEOUT)
    if smtp.security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def resolved(value: str, key: str) -> str:
    """Return a setting, read from the environment where it is ``env:NAME``.

    Raises
    ------
    BadSettings
        The variable is not set.
    """
    kind, _, name = value.partition(":")
    if kind != "env":
        return value
    if not (found := os.environ.get(name)):
        raise BadSettings(
            f"[notify] {key} is {value}, and {name} is not set where the worker runs.",
            fix=f"Set {name} in the environment of the worker.",
        )
    return found
