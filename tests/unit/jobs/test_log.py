import pytest

from labline.jobs import log as logs
from labline.jobs.log import Log
from labline.jobs.outputs import Redaction


def opened(tmp_path, secrets=None) -> Log:
    return Log(tmp_path / "log.txt", Redaction(secrets or {}))


def test_a_log_has_what_each_cell_shows_below_its_number_and_name(tmp_path):
    log = opened(tmp_path)
    log.begin(2, "Fit")
    log.message("stream", {"text": "one\n"})
    log.message("execute_result", {"data": {"text/plain": "42", "text/html": "<b>42</b>"}})
    log.begin(3, "Silent")
    log.begin(4, "Raise")
    log.message("error", {"traceback": ["\x1b[31mE\x1b[0m", "x"]})
    log.end()
    assert logs.whole(tmp_path / "log.txt") == "[cell 2] Fit\none\n42\n[cell 4] Raise\nE\nx\n"


def test_what_a_later_attempt_shows_comes_after_what_the_first_did(tmp_path):
    for text in ("first\n", "second\n"):
        log = opened(tmp_path)
        log.begin(1, "x")
        log.write(text)
    assert logs.whole(tmp_path / "log.txt") == (
        "[cell 1] x\nfirst\n\n--- begun again ---\n[cell 1] x\nsecond\n"
    )


def test_a_progress_bar_is_one_line(tmp_path):
    log = opened(tmp_path)
    log.write("10%")
    log.write("\r50%")
    log.write("\r100%\nend")
    log.end()
    assert logs.whole(tmp_path / "log.txt") == "100%\nend\n"


def test_a_secret_is_not_written_even_in_two_pieces(tmp_path):
    log = opened(tmp_path, {"TOKEN": "s3cret"})
    log.write("a s3c")
    log.write("ret\n")
    assert logs.whole(tmp_path / "log.txt") == "a env:TOKEN\n"


def test_a_log_is_read_from_an_offset_without_cutting_a_letter(tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes("äöü\nend\n".encode())
    text, offset = logs.read(path, 0, limit=5)
    assert (text, offset) == ("äö", 4)
    assert logs.read(path, offset) == ("ü\nend\n", 11)
    assert logs.read(path, 11) == ("", 11)
    assert logs.read(tmp_path / "none.txt", 0) == ("", 0)


def test_the_tail_of_a_log_is_whole_lines(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("first line\nsecond\nthird\n")
    assert logs.tail(path, 15) == ("second\nthird\n", 24)
    assert logs.tail(path, 100)[0].startswith("first")


@pytest.mark.parametrize(
    ("offset", "most", "rest", "lines"),
    [
        (0, 100, "one\ntwo\nthree\nfo", 0),
        (0, 12, "three\nfo", 2),
        (0, 8, "fo", 3),
        (4, 11, "three\nfo", 1),
        # No line begins so near the end.
        (0, 1, "o", 3),
        (16, 1, "", 0),
    ],
)
def test_a_reader_who_is_far_behind_skips_whole_lines_and_counts_them(
    tmp_path, offset, most, rest, lines
):
    path = tmp_path / "log.txt"
    path.write_text("one\ntwo\nthree\nfo")
    place, skipped = logs.skip(path, offset, most)
    assert (logs.read(path, place)[0], skipped) == (rest, lines)


def test_of_a_log_that_is_not_there_nothing_is_skipped(tmp_path):
    assert logs.skip(tmp_path / "log.txt", 0, 10) == (0, 0)
