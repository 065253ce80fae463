"""A log that another process writes stays bounded."""

from labline.deployment.rotation import Rotation


def test_a_full_log_is_moved_aside_and_the_oldest_is_removed(tmp_path):
    path, reopened = tmp_path / "access.log", []
    rotation = Rotation(path, 10, 2, lambda: reopened.append(path.exists()))
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
