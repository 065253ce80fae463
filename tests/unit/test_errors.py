"""The error tree."""

import pickle

from labline.errors import BadParameter, LablineError, Refused, Unreachable, nearest


def test_the_docstring_is_the_default_message() -> None:
    assert Refused().message == "The request was understood and refused."


def test_an_error_survives_a_process_border() -> None:
    error = BadParameter("alpha is 'x'", fix="Give a number.", name="alpha")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.message, again.fix, again.details) == (
        BadParameter,
        "alpha is 'x'",
        "Give a number.",
        {"name": "alpha"},
    )


def test_every_kind_has_an_exit_code_and_a_status() -> None:
    kinds = [LablineError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    assert {kind.exit_code for kind in kinds} == {1, 2, 3}
    assert {kind.status for kind in kinds} <= {400, 404, 409, 500, 503}
    assert (Unreachable.exit_code, Unreachable.status) == (3, 503)


def test_nearest_suggests_or_lists() -> None:
    assert nearest("alpa", ["alpha", "beta"]) == "Did you mean 'alpha'?"
    assert nearest("zzz", ["alpha", "beta"]) == "Known: alpha, beta."
    assert nearest("zzz", []) == "None are known yet."
