"""What stands after ``-p``, in commands and magics."""

import click
import pytest
from click.testing import CliRunner

from labline.cli.options import Valued, values_option
from labline.errors import BadInput
from labline.magics.arguments import Parser
from labline.notebooks import apart


@pytest.mark.parametrize(("words", "expected"), [
    (["-p", "alpha=1"], ["-p", "alpha", "1"]),
    (["-p", "alpha", "1"], ["-p", "alpha", "1"]),
    (["-p", "text", "a=b"], ["-p", "text", "a=b"]),
    (["-p", "text=a=b c"], ["-p", "text", "a=b c"]),
    (["-p", "größe="], ["-p", "größe", ""]),
    (["-p", "2=x", "y"], ["-p", "2=x", "y"]),
    (["-p", "text=--x", "-p", "low", "-1"], ["-p", "text", "--x", "-p", "low", "-1"]),
])  # fmt: skip
def test_a_name_and_a_value_may_be_one_word(words, expected):
    assert list(apart(words)) == expected


@pytest.mark.parametrize(("words", "says", "fix"), [
    (["nb.ipynb", "-p", "alpha"], "-p alpha has no value.", "For example: -p alpha=0.5"),
    (["-p", "beta", "--detach"], "-p beta has no value.", "For example: -p beta=0.5"),
    (["-p", "beta", "-p", "a=1"], "-p beta has no value.", "For example: -p beta=0.5"),
    (["--sweep", "alpha=1,2", "-p"], "-p has no value.", "For example: -p alpha=0.5"),
])  # fmt: skip
def test_a_name_without_a_value_is_told_with_an_example(words, says, fix):
    with pytest.raises(BadInput) as told:
        list(apart(words))
    assert (told.value.message, told.value.fix) == (says, fix)


def test_a_command_and_a_magic_take_both_forms():
    def show(values):
        click.echo(values)

    command = click.command(cls=Valued)(values_option(show))
    told = CliRunner().invoke(command, ["-p", "a=1", "-p", "b", "x=2"])
    assert told.output == "(('a', '1'), ('b', 'x=2'))\n"

    parser = Parser("submit", "", example="")
    parser.add_argument("-p", nargs=2, action="append", dest="values")
    assert parser.parse("-p a=1 -p b 'x=2'").values == [["a", "1"], ["b", "x=2"]]
