"""A Bento outside of the store."""

from __future__ import annotations

import tarfile
from pathlib import Path

from labline.records import Bento
from labline.serving import delivery


def test_an_archive_is_whole_and_touches_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "store" / "bentos" / "flats" / "3-abc"
    model = tmp_path / "store" / "models" / "flats" / "3-abc"
    for folder in (place, model):
        folder.mkdir(parents=True)
    (place / "bento.yaml").touch()
    (model / "model.yaml").touch()
    mine = tmp_path / "out" / "flats.folder" / "mine"
    mine.parent.mkdir(parents=True)
    mine.touch()

    output = tmp_path / "out" / "flats.bento"
    delivery.deliver(Bento("flats:3-abc", str(place), "flats/3", ""), output)

    assert mine.exists()
    assert sorted(path.name for path in output.parent.iterdir()) == ["flats.bento", "flats.folder"]
    with tarfile.open(output) as archive:
        names = archive.getnames()
    assert {"bento.yaml", "models/flats/3-abc/model.yaml", "models/flats/latest"} <= set(names)
