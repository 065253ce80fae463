"""Notices: their shape, their signature, and who is told what."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.receivers import Post, certificate, post_office, webhook

from labline.errors import BadSettings, Failed, Unreachable
from labline.jobs.order import Order
from labline.jobs.telling import of_job
from labline.notify import Notice, delivery
from labline.settings import NotifySettings, SmtpSettings

TITLE = "Job 7f failed: a.ipynb"
NOTICE = Notice("7f", "job.failed", TITLE, "Cell 2 raised.\nSee it.", 1.5, {"n": 1})


def to(address: str, **smtp: object) -> NotifySettings:
    server = SmtpSettings.model_validate({"host": "localhost", "sender": "lab@x.org", **smtp})
    return NotifySettings(email=(address,), smtp=server)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    # The example of https://github.com/standard-webhooks/standard-webhooks.
    made = delivery.headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        1614265330.0,
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert "webhook-signature" not in delivery.headers("a", b"", None, 0)


def test_a_webhook_gets_the_standard_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    with webhook() as hook:
        monkeypatch.setenv("HOOK", hook.url)
        delivery.post(NOTICE, NotifySettings(webhook="env:HOOK"))
    headers, body = hook.got[0]
    assert (headers["content-type"], headers["webhook-id"]) == ("application/json", "7f")
    assert json.loads(body) == {
        "type": "job.failed",
        "timestamp": "1970-01-01T00:00:01.500000+00:00",
        "text": "Job 7f failed: a.ipynb\nCell 2 raised.\nSee it.",
        "data": {"n": 1},
    }


@pytest.mark.parametrize(
    ("code", "error"), [(503, Unreachable), (429, Unreachable), (404, Failed), (302, Failed)]
)
def test_what_a_webhook_answers_tells_whether_to_try_again(
    code: int, error: type[Exception]
) -> None:
    with webhook() as hook:
        hook.answers = [code]
        with pytest.raises(error, match=f"The webhook answers {code}"):
            delivery.post(NOTICE, NotifySettings(webhook=hook.url))


def test_a_webhook_that_is_away_is_told_without_its_url(free_port: int) -> None:
    with pytest.raises(Unreachable) as caught:
        delivery.post(NOTICE, NotifySettings(webhook=f"http://127.0.0.1:{free_port}/s3cret"))
    assert str(caught.value) == "The webhook does not answer: ConnectError."


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(BadSettings, match="webhook is env:HOOK, and HOOK is not set"):
        delivery.post(NOTICE, NotifySettings(webhook="env:HOOK"))


def test_an_email_is_sent_over_tls_by_who_is_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setenv("PASSWORD", "passw0rd")
    with post_office(Post(certificate=pem, account=("lab", "passw0rd"))) as post:
        wanted = to("team@x.org", port=post.port, user="lab", password="env:PASSWORD")
        delivery.mail(NOTICE, wanted, "beasts")
        for wrong, words in (("wrong", "localhost does not let lab sign in"), ("ä", "plain ASCII")):
            monkeypatch.setenv("PASSWORD", wrong)
            with pytest.raises(Failed, match=words):
                delivery.mail(NOTICE, wanted, "beasts")
    (message,) = post.got
    assert post.secure == [True]
    assert message["subject"] == "[beasts] Job 7f failed: a.ipynb"
    assert (message["from"], message["to"]) == ("lab@x.org", "team@x.org")
    assert message.get_content().splitlines() == [
        "Job 7f failed: a.ipynb", "", "Cell 2 raised.", "See it.",
    ]  # fmt: skip


def test_a_certificate_that_is_not_trusted_sends_nothing(tmp_path: Path) -> None:
    with (
        post_office(Post(certificate=certificate(tmp_path, "localhost"))) as post,
        pytest.raises(Unreachable, match="does not take mail"),
    ):
        delivery.mail(NOTICE, to("team@x.org", port=post.port), "beasts")
    assert not post.got


def test_a_mail_server_that_is_away_may_come_back(free_port: int) -> None:
    with pytest.raises(Unreachable, match="does not take mail"):
        delivery.mail(NOTICE, to("team@x.org", port=free_port, security="none"), "beasts")


def test_a_title_cannot_add_headers_to_an_email() -> None:
    sly = Notice("1", "job.failed", "a\r\nBcc: everyone@x.org", "", 0.0)
    message = delivery.letter(sly, to("team@x.org"), "p")
    assert (message["bcc"], message["subject"]) == (None, "[p] a Bcc: everyone@x.org")


def test_the_jobs_of_a_sweep_are_one_notice_and_those_of_a_schedule_name_it() -> None:
    def notice(**changes: object) -> Notice:
        order = Order("/p/a.ipynb", "0", {}, "e", "a", 1.0, **changes)  # type: ignore[arg-type]
        return of_job("7f", order, Failed("It broke.", fix="Mend it."), {"run_id": "r"})

    assert (notice(sweep="5a").id, notice().id) == ("5a", "7f")
    scheduled = notice(tags={"labline.schedule": "nightly"})
    assert (scheduled.type, scheduled.data["schedule"]) == ("schedule.failed", "nightly")
    assert scheduled.title == "Job 7f of schedule nightly failed: a.ipynb"
    assert scheduled.text == "It broke.\nMend it.\nSee labline jobs show 7f"
