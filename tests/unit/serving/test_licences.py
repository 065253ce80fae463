"""Licences as packages tell them."""

from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest

from labline.serving.licences import Licences, expression


def facts(*headers: tuple[str, str]) -> Message:
    message = Message()
    for name, value in headers:
        message[name] = value
    return message


APACHE = "License :: OSI Approved :: Apache Software License"


@pytest.mark.parametrize(("headers", "says"), [
    ([("License-Expression", "MIT OR Apache-2.0"), ("Classifier", APACHE)], "MIT OR Apache-2.0"),
    ([("Classifier", "Typing :: Typed"), ("Classifier", APACHE)], "Apache-2.0"),
    ([("Classifier", APACHE), ("Classifier", "License :: OSI Approved :: MIT License")],
     "Apache-2.0 AND MIT"),
    ([("Classifier", "License :: Other/Proprietary License"), ("License", "MIT")], "MIT"),
    ([("Classifier", "License :: OSI Approved")], ""),
    ([("License", "BSD 3-Clause License")], "BSD-3-Clause"),
    ([("License", "Copyright (c) 2026, somebody. Redistribution and use ...")], ""),
    ([], ""),
])  # fmt: skip
def test_metadata_tells_a_licence_by_what_is_most_exact(headers, says) -> None:
    assert expression(facts(*headers)) == says


def test_a_package_is_looked_up_here_and_in_environments_by_its_version(tmp_path: Path) -> None:
    place = tmp_path / "abc" / "lib" / "python3.11" / "site-packages" / "odd_one-7.0.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: odd_one\nVersion: 7.0\nLicense-Expression: AGPL-3.0-only\n"
    )
    known = Licences(tmp_path)
    assert known.of("odd-one", "7.0") == "AGPL-3.0-only"
    assert known.of("odd-one", "7.1") == ""
    assert known.of("numpy", metadata.version("numpy")).startswith("BSD-3-Clause")


def test_an_installation_that_lacks_its_name_is_passed_over(tmp_path: Path) -> None:
    place = tmp_path / "abc" / "lib" / "python3.11" / "site-packages" / "broken-1.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text("Metadata-Version: 2.4\n\nName: not-its-name\nVersion: 1\n")
    known = Licences(tmp_path)
    assert known.of("not-its-name", "1") == ""
    assert known.of("numpy", metadata.version("numpy")).startswith("BSD-3-Clause")
