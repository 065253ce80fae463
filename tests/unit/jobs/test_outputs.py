import nbformat.v4 as v4

from labline.jobs.outputs import Redaction, joined, raised


def cell(*outputs):
    return v4.new_code_cell("x", outputs=list(outputs))


def stream(text: str):
    return v4.new_output("stream", text=text)


def error(name: str, text: str):
    return v4.new_output(
        "error", ename=name, evalue=text, traceback=[f"\x1b[31m{name}\x1b[0m", text]
    )


def test_the_exception_shown_last_is_the_one_that_counts():
    shown = cell(error("KeyError", "a"), stream("x"), error("ValueError", "\x1b[1mbad\x1b[0m"))
    assert raised(shown) == ("ValueError", "bad")


def test_a_cell_that_showed_no_error_still_has_a_name_for_it():
    assert raised(cell())[0] == "CellExecutionError"


def test_secrets_are_taken_out_of_whatever_a_cell_shows():
    data = v4.new_output("display_data", data={"text/html": "<b>s3cret</b>", "image/png": "s3cret"})
    book = v4.new_notebook(cells=[cell(stream("a s3cret"), error("E", "s3cret"), data)])
    Redaction({"TOKEN": "s3cret", "SHORT": "a"}).notebook(book)
    text, failure, shown = book.cells[0].outputs
    assert text.text == "a env:TOKEN"
    assert (failure.evalue, failure.traceback[1]) == ("env:TOKEN", "env:TOKEN")
    assert shown.data == {"text/html": "<b>env:TOKEN</b>", "image/png": "s3cret"}


def test_the_pieces_of_a_stream_are_one_text_as_a_terminal_shows_it():
    pieces = [stream("10%\r"), stream("100%\r"), stream("\nab\b"), stream("c\r\nend\b\b\b\b!")]
    other = v4.new_output("stream", name="stderr", text="warned")
    data = v4.new_output("display_data", data={"text/plain": "x"})
    shown = joined([*pieces, other, data, stream("a"), stream("b")])
    assert [output.get("text") for output in shown] == ["100%\r\nac\r\n!", "warned", None, "ab"]
    assert joined([]) == []


def test_a_very_long_line_is_joined_at_once():
    (whole,) = joined([stream("x" * 2**22), stream("y")])
    assert len(whole.text) == 2**22 + 1
