"""``labline up``, ``down``, ``status`` and ``doctor``: the platform and its health."""

from __future__ import annotations

from typing import Any

import click

from labline.cli import render
from labline.cli.app import Output, json_option, pass_output
from labline.records import to_dict


@click.command()
@json_option
@pass_output
def up(output: Output) -> None:
    """Start worker, gateway and live releases.

    A second time changes nothing.

    Example: labline up
    """
    from labline.lab import Lab

    status = Lab.from_().platform.up()
    words = "up" if status.started else "already up"
    output.emit(
        to_dict(status),
        lambda: click.secho(f"labline is {words} (pid {status.pid}): {status.url}", fg="green"),
    )


@click.command()
@json_option
@pass_output
def down(output: Output) -> None:
    """Stop all that labline up started, and the processes behind warm kernels.

    Endpoints come back with the next up; kernels that are in use go on.

    Example: labline down
    """
    from labline.lab import Lab

    lab = Lab.to_stop()
    was = lab.platform.running
    lab.platform.down()
    lab.kernels.stop()
    words = "labline is down." if was else "labline was not up."
    output.emit({"running": False}, lambda: click.echo(words))


@click.command()
@json_option
@pass_output
def status(output: Output) -> None:
    """Show what is up, and what it serves.

    Example: labline status
    """
    from labline.lab import Lab

    found = Lab.from_().status()
    output.emit(found, lambda: _status(found))


def _status(found: dict[str, Any]) -> None:
    platform, worker, tracking = found["platform"], found["worker"], found["tracking"]
    up = platform["running"]
    rows = [
        ("project", f"{found['project']}  ({found['root']})"),
        ("platform", f"up at {platform['url']}" if up else "down; start it: labline up"),
        *([("problem", platform["problem"])] if platform.get("problem") else []),
        ("worker", "running" if worker["running"] else "none; started when it is needed"),
        ("kernels", _kernels(found["kernels"])),
        ("MLflow", tracking["uri"] if tracking["reachable"] else tracking["message"]),
    ]
    rows += [(f"/{item['name']}", _endpoint(item)) for item in found["endpoints"]]
    render.table("", ("", ""), rows, "")


def _endpoint(item: dict[str, Any]) -> str:
    said = render.instances(item["instances"]).replace("\n", ", ")
    return f"{said or 'nothing runs'}\n{item['agreement']}: {item['says']}"


def _kernels(found: dict[str, Any]) -> str:
    if not found.get("warm"):
        return str(found.get("message", "start cold"))
    learned = f"{found['learned']} modules learned"
    if found["start"] == "prestarted":
        return f"prestarted by who starts them, {learned}"
    ready = sum(zygote["spares"] for zygote in found["zygotes"])
    busy = sum(len(zygote["kernels"]) for zygote in found["zygotes"])
    return f"start warm: {ready} ready, {busy} in use, {learned}"


@click.command()
@json_option
@pass_output
def doctor(output: Output) -> int:
    """Check what labline needs on this machine.

    Exit code 1 where something is amiss.

    Example: labline doctor
    """
    from labline.lab import Lab

    findings = Lab.from_().doctor()
    rows = [
        ("✔" if item["ok"] else "✘", item["name"], item["says"], "" if item["ok"] else item["fix"])
        for item in findings
    ]
    output.emit(findings, lambda: render.table("", ("", "check", "found", "fix"), rows, ""))
    return 0 if all(item["ok"] for item in findings) else 1
