"""``labline endpoints``, ``keys`` and ``predict``: what is served, and who may ask."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output
from labline.errors import BadInput
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.deployment import ApiKey


@click.command()
@json_option
@pass_output
def endpoints(output: Output) -> None:
    """List endpoints, and what each says it serves.

    Example: labline endpoints
    """
    from labline.lab import Lab

    found = Lab.from_().list_endpoints()
    output.emit(found, lambda: _show_endpoints(found))


def _show_endpoints(found: list[dict[str, Any]]) -> None:
    rows = [
        (
            *(item["name"], item["url"], _registry(item), _split(item)),
            *(render.instances(item["instances"]), item["agreement"]),
        )
        for item in found
    ]
    render.table(
        "",
        ("endpoint", "url", "registry", "release", "instances say", ""),
        rows,
        "No endpoints yet. Deploy a model: labline deploy MODEL@STAGE",
    )
    for item in found:
        if item["agreement"] not in ("agrees", "empty"):
            click.echo(f"/{item['name']}: {item['says']}")
            if item["fix"]:
                click.secho("  " + item["fix"].replace("; ", "\n  "), dim=True)


def _registry(item: dict[str, Any]) -> str:
    """Return what the registry names for the stage that an endpoint follows."""
    return f"{item['stage']}: {item['registry'] or '-'}" if item["stage"] else "-"


def _split(item: dict[str, Any]) -> str:
    """Return the live release, or who has which share where a candidate is on trial."""
    traffic = item["traffic"]
    if len(traffic) < 2:
        return item["model"] or "-"
    said = (
        f"{share['model']} {share['weight']} %" + (" (shadow)" if share["mirrored"] else "")
        for share in traffic
    )
    return ", ".join(said)


@click.group(cls=Group)
def keys() -> None:
    """Issue, list and revoke API keys."""


@keys.command("issue")
@click.argument("endpoint")
@click.option(
    "--days",
    type=click.FloatRange(0, min_open=True),
    default=90.0,
    show_default=True,
    help="Days until the key expires.",
)
@json_option
@pass_output
def issue(output: Output, endpoint: str, days: float) -> None:
    """Issue an API key for an endpoint; it is shown once and not stored.

    Example: labline keys issue penguins --days 7
    """
    from labline.lab import Lab

    lab = Lab.from_()
    key = lab.endpoints.issue_key(endpoint, ttl=days * 86400, actor=lab.whoami())
    output.emit({"endpoint": endpoint, "key": key}, lambda: click.echo(key))


@keys.command("list")
@click.argument("endpoint", required=False)
@json_option
@pass_output
def list_keys(output: Output, endpoint: str | None) -> None:
    """List issued keys, newest first.

    Example: labline keys list penguins
    """
    from labline.lab import Lab

    found = Lab.from_().endpoints.list_keys(endpoint)
    rows = [
        (key.id, key.endpoint, key.actor, render.ago(key.created), _validity(key)) for key in found
    ]
    output.emit(
        [to_dict(key) for key in found],
        lambda: render.table(
            "",
            ("key", "endpoint", "issued by", "issued", "state"),
            rows,
            "No keys yet. Issue one: labline keys issue ENDPOINT",
        ),
    )


def _validity(key: ApiKey) -> str:
    if key.revoked:
        return "revoked"
    left = key.expires - time.time()
    return f"{left / 86400:.0f} days left" if left > 0 else "expired"


@keys.command("revoke")
@click.argument("id")
@json_option
@pass_output
def revoke(output: Output, id: str) -> None:
    """Make the gateway refuse a key from now on.

    Example: labline keys revoke 618fba33-ed2e-4d85-b3e0-ff2dbcdb5527
    """
    from labline.lab import Lab

    key = Lab.from_().endpoints.revoke(id)
    output.emit(to_dict(key), lambda: click.echo(f"{key.id} no longer opens /{key.endpoint}."))


@click.command()
@click.argument("endpoint")
@click.argument(
    "data",
    type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True),
    required=False,
)
@click.option("--rows", help='Rows as JSON: [{"column": value, ...}].')
@click.option("--example", is_flag=True, help="Send the model's own input example.")
@json_option
@pass_output
def predict(
    output: Output, endpoint: str, data: Path | None, rows: str | None, example: bool
) -> None:
    """Send rows to an endpoint.

    The rows are a JSON file DATA (- for standard input), --rows or --example. A file has
    the rows, [{"column": value, ...}], or a whole body, {"rows": [...]}.

    Example: labline predict penguins --example
    """
    from labline.lab import Lab

    lab = Lab.from_()
    if sum((data is not None, rows is not None, example)) != 1:
        raise click.UsageError("Give one of DATA, --rows or --example.")
    if example:
        body = orjson.dumps({"rows": lab.serving.example(endpoint)})
    elif rows is not None:
        body = b'{"rows": ' + _json("--rows", rows.encode())[0] + b"}"
    else:
        assert data is not None
        body = _body(data)
    answer: Mapping[str, Any] = lab.serving.predict(endpoint, body)
    output.emit(answer, lambda: click.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2)))


def _body(file: Path) -> bytes:
    """Return the body that a file has, or whose rows it has."""
    piped = str(file) == "-"
    written = sys.stdin.buffer.read() if piped else file.read_bytes()
    content, said = _json("Standard input" if piped else str(file), written)
    # As it was written: of a key that is there twice, the service is to be told.
    return b'{"rows": ' + content + b"}" if isinstance(said, list) else content


def _json(source: str, content: bytes) -> tuple[bytes, Any]:
    """Return `content` as it is, and what it says.

    Raises
    ------
    BadInput
        It is not JSON.
    """
    try:
        return content, orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BadInput(
            f"{source} is not JSON: {error}.",
            fix='Write rows as [{"column": value, ...}]; '
            "tables are scored by labline batch MODEL FILE OUTPUT.",
        ) from error
