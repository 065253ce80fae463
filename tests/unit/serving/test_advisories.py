"""Known vulnerabilities, from files of the kinds that people keep."""

import json
import zipfile
from pathlib import Path

import pytest

from labline.errors import BadInput, NotFound
from labline.serving.advisories import Database

PINS = [("numpy", "2.4.0"), ("Scikit_Learn", "1.9.0")]


def osv(id: str, name: str, *events: tuple[str, str], **more: object) -> dict:
    ranges = [{"type": "ECOSYSTEM", "events": [{kind: at} for kind, at in events]}]
    package = {"ecosystem": "PyPI", "name": name}
    return {"id": id, "affected": [{"package": package, "ranges": ranges}], **more}


def found(path: Path) -> list[str]:
    return [item.id for item in Database.read(path).of(PINS)]


@pytest.mark.parametrize(("events", "affected"), [
    ([("introduced", "0")], True),
    ([("introduced", "0"), ("fixed", "2.4.0")], False),
    ([("introduced", "0"), ("fixed", "2.4.1")], True),
    ([("introduced", "2.4.1")], False),
    ([("introduced", "0"), ("last_affected", "2.4.0")], True),
    ([("introduced", "0"), ("last_affected", "2.3.9")], False),
    ([("introduced", "0"), ("fixed", "1.0"), ("introduced", "2.0"), ("fixed", "3.0")], True),
    ([("introduced", "2.0"), ("fixed", "3.0"), ("introduced", "0"), ("fixed", "1.0")], True),
    ([("introduced", "not a version")], False),
    ([("introduced", "0"), ("fixed", "not a version")], True),
    ([("introduced", "not a version"), ("introduced", "1"), ("fixed", "9000")], True),
    ([], False),
])  # fmt: skip
def test_a_version_is_in_a_range_as_osv_says(events, affected, tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    file.write_text(json.dumps(osv("A", "numpy", *events)))
    assert found(file) == (["A"] if affected else [])


def test_versions_are_listed_names_are_normal_and_withdrawn_records_are_none(tmp_path: Path):
    named = {"package": {"ecosystem": "PyPI", "name": "scikit-learn"}, "versions": ["1.9.0"]}
    other = {"package": {"ecosystem": "npm", "name": "numpy"}, "versions": ["2.4.0"]}
    records = [
        {"id": "A", "affected": [named], "aliases": ["CVE-2026-1"], "details": "Bad.\nVery."},
        {"id": "B", "affected": [other]},
        {"id": "C", "affected": [named], "withdrawn": "2026-01-01T00:00:00Z"},
    ]
    file = tmp_path / "list.json"
    file.write_text(json.dumps(records))
    (advisory,) = Database.read(file).of(PINS)
    assert (advisory.id, advisory.package, advisory.aliases) == (
        "A", "Scikit_Learn", ("CVE-2026-1",),
    )  # fmt: skip
    assert advisory.summary == "Bad."


def test_a_folder_and_osvs_archive_are_read_whole(tmp_path: Path) -> None:
    records = {"A": ("numpy", "0"), "B": ("scikit-learn", "0"), "C": ("pandas", "0")}
    folder, archive = tmp_path / "osv", tmp_path / "all.zip"
    folder.mkdir()
    with zipfile.ZipFile(archive, "w") as zipped:
        for id, (name, start) in records.items():
            text = json.dumps(osv(id, name, ("introduced", start), ("fixed", "9")))
            (folder / f"{id}.json").write_text(text)
            zipped.writestr(f"{id}.json", text)
    assert found(folder) == found(archive) == ["A", "B"]
    database = Database.read(archive)
    assert database.of(PINS)[0].fixed == ("9",)
    assert database.known(PINS) == PINS


def test_an_audit_tells_of_what_it_looked_at_only(tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    vuln = {"id": "PYSEC-1", "fix_versions": ["2.4.1"], "aliases": ["CVE-1"], "description": "x"}
    file.write_text(json.dumps({"dependencies": [
        {"name": "numpy", "version": "2.4.0", "vulns": [vuln]},
        {"name": "scikit-learn", "version": "1.8.0", "vulns": [vuln]},
        {"name": "local", "skip_reason": "not on PyPI"},
    ]}))  # fmt: skip
    database = Database.read(file)
    assert [(item.package, item.fixed) for item in database.of(PINS)] == [("numpy", ("2.4.1",))]
    assert database.known(PINS) == [("numpy", "2.4.0")]


def test_a_file_that_is_not_there_or_something_else_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"nowhere\.json"):
        Database.read(tmp_path / "nowhere.json")
    file = tmp_path / "odd.json"
    for text, says in (("{", "is no JSON"), ('{"name": 1}', "neither pip-audit"), ("[3]", "neith")):
        file.write_text(text)
        with pytest.raises(BadInput, match=says):
            Database.read(file)
