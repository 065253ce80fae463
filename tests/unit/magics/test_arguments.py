"""Lines of magics: words, expressions, options."""

import math

import numpy as np
import pytest

from labline.magics.arguments import (
    BadUsage,
    HelpAsked,
    Parser,
    assignments,
    evaluate,
    listed,
    number,
    split,
)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  a   b ", ["a", "b"]),
        ("rmse=f(y, p)**0.5 r=1", ["rmse=f(y, p)**0.5", "r=1"]),
        ("--run 'my run' x", ["--run", "my run", "x"]),
        ("kind='a b'", ["kind='a b'"]),
        ("a=d['x y'] b={1: 'c d'}", ["a=d['x y']", "b={1: 'c d'}"]),
        (r"a='it\'s ok' b", [r"a='it\'s ok'", "b"]),
        ("it's open", ["it's open"]),
        ("'a' + 'b'", ["a", "+", "b"]),
    ],
)
def test_words_part_at_spaces_outside_of_quotes_and_brackets(line: str, words: list[str]) -> None:
    assert split(line) == words


def test_lists_part_at_commas_and_words() -> None:
    assert listed(["X_test,", "y_test"]) == ["X_test", "y_test"]
    assert listed(["df[['a', 'b']],y", "z"]) == ["df[['a', 'b']]", "y", "z"]
    assert listed(None) == []


def test_assignments_have_a_name() -> None:
    words = ["auc", "r.mse=f(x=1)", "val/loss=0.5"]
    assert list(assignments(words)) == [
        ("auc", "auc"),
        ("r.mse", "f(x=1)"),
        ("val/loss", "0.5"),
    ]
    for nameless in ("f(x)", "a==b", "1"):
        with pytest.raises(BadUsage, match="needs a name"):
            list(assignments([nameless]))


def test_expressions_see_the_users_names_and_leave_them_alone() -> None:
    names = {"mse": 4.0, "np": np}
    assert evaluate("np.sqrt(mse)", names) == 2.0
    assert evaluate("[x * mse for x in (1, 2)]", names) == [4.0, 8.0]
    assert set(names) == {"mse", "np"}


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("acu", "Did you mean 'auc'"),
        ("zzz", "Run the cell"),
        ("1/0", "ZeroDivisionError"),
        ("a b", "SyntaxError"),
        ("x := 1", "SyntaxError"),
    ],
)
def test_an_expression_without_a_value_says_why(expression: str, says: str) -> None:
    with pytest.raises(BadUsage) as caught:
        evaluate(expression, {"auc": 1})
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "value", [1, 0.5, True, np.float32(2), np.array(3.0), np.array([4]), math.nan]
)
def test_numbers_are_metrics(value: object) -> None:
    assert isinstance(number("auc", value), float)


@pytest.mark.parametrize("value", ["1", None, [1], np.zeros(2), {}])
def test_what_is_no_number_is_told_to_be_a_parameter(value: object) -> None:
    with pytest.raises(BadUsage, match=r"auc is a .*, not a number") as caught:
        number("auc", value)
    assert "%log --params auc" in caught.value.fix


def test_bad_usage_names_an_example_and_exits_nothing() -> None:
    parser = Parser("thing", "Do it.", example="%thing --to staging")
    parser.add_argument("--to", required=True)
    with pytest.raises(BadUsage, match="required: --to") as caught:
        parser.parse("")
    assert caught.value.fix == "For example: %thing --to staging"
    with pytest.raises(BadUsage, match="unrecognized arguments: --too"):
        parser.parse("--to x --too y")
    with pytest.raises(HelpAsked, match="Do it"):
        parser.parse("--help")


def test_what_ipython_brings_is_not_suggested_for_a_variable():
    with pytest.raises(BadUsage, match="no variable 'nope'") as refused:
        evaluate("nope", {"open": open, "auc": 1})
    assert refused.value.fix == "Run the cell that defines it first."
