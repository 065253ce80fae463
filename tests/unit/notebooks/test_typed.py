"""What stands after ``-p``, in commands and magics."""

import click
import pytest
from click.testing import CliRunner

from labline.cli.options import Valued, values_option
from labline.magics.arguments import Parser
from labline.notebooks import apart


@pytest.mark.parametrize(("words", "expected"), [
    (["-p", "alpha=1"], ["-p", "alpha", "1"]),
    (["-p", "alpha", "1"], ["-p", "alpha", "1"]),
    (["-p", "text", "a=b"], ["-p", "text", "a=b"]),
    (["-p", "text=a=b c"], ["-p", "text", "a=b c"]),
    (["-p", "größe="], ["-p", "größe", ""]),
    (["-p", "2=x", "y"], ["-p", "2=x", "y"]),
    (["--sweep", "alpha=1,2", "-p"], ["--sweep", "alpha=1,2", "-p"]),
])  # fmt: skip
def test_a_name_and_a_value_may_be_one_word(words, expected):
    assert list(apart(words)) == expected


def test_a_command_and_a_magic_take_both_forms():
    def show(values):
        click.echo(values)

    command = click.command(cls=Valued)(values_option(show))
    told = CliRunner().invoke(command, ["-p", "a=1", "-p", "b", "x=2"])
    assert told.output == "(('a', '1'), ('b', 'x=2'))\n"

    parser = Parser("submit", "", example="")
    parser.add_argument("-p", nargs=2, action="append", dest="values")
    assert parser.parse("-p a=1 -p b 'x=2'").values == [["a", "1"], ["b", "x=2"]]
