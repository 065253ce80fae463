"""A log that another process writes stays bounded."""

from labline.deployment.rotation import Rotation


def test_a_full_log_is_moved_aside_and_the_oldest_is_removed(tmp_path):
    path, reopened = tmp_path / "access.log", []
    rotation = Rotation(path, 10, 2, lambda: reopened.append(path.exists()) or True)
    assert not rotation.look(), "there is none yet"
    for text in ("first line\n", "second line\n", "third line\n", "4th"):
        path.write_text(text)
        rotation.look()
    assert reopened == [False, False, False]
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "access.log": "4th",
        "access.log.1": "third line\n",
        "access.log.2": "second line\n",
    }


def test_a_writer_that_does_not_answer_is_told_again(tmp_path):
    path, answers, asked = tmp_path / "access.log", [False, False, True], []
    rotation = Rotation(path, 10, 2, lambda: asked.append(1) or answers[len(asked) - 1])
    path.write_text("more than that\n")
    assert [rotation.look() for _ in range(5)] == [True, False, False, False, False]
    assert len(asked) == 3
    assert (tmp_path / "access.log.1").read_text() == "more than that\n"
