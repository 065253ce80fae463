"""The generated reference is the code's."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_reference_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_command_has_an_example() -> None:
    import click

    from labline.cli.app import COMMANDS, labline_command

    context = click.Context(labline_command)
    bare = []
    for name in COMMANDS:
        command = labline_command.get_command(context, name)
        inner = list(command.commands.values()) if isinstance(command, click.Group) else [command]
        bare += [item.name for item in inner if "Example: " not in (item.help or "")]
    assert bare == []


def test_every_gate_has_an_example_of_passed_and_of_failed() -> None:
    from importlib.metadata import entry_points

    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import gate_examples
    finally:
        sys.path.pop(0)
    points = entry_points(group="labline.gates")
    gates = {p.name: p.load()() for p in points if p.value.startswith("labline.")}
    shown = gate_examples.examples()
    assert set(shown) == set(gates)
    for name, example in shown.items():
        assert gates[name].judge(example.passed, gate_examples.STAGE).outcome == "passed", name
        failed = gates[name].judge(example.failed, gate_examples.STAGE)
        assert failed.outcome == "failed", name
        assert failed.fix, name
