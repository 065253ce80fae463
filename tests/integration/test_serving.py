"""A model folder becomes a Bento that a real process serves over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.integration.serving_models import (
    Instance,
    booted,
    free_port,
    passengers,
    pipeline,
    project,
    running,
    save,
    version_of,
)

from labline.errors import Failed, Refused
from labline.records import Bento
from labline.serving import ensure_environment, export
from labline.settings import Settings

ROOT = Path(__file__).parents[2]
LIMITS = "[serving]\nmax_body_bytes = 200_000\nmax_rows = 1000\n"
ROW: dict[str, Any] = {
    "class": 3,
    "sex": "male",
    "age": None,
    "fare": 7.25,
    "port": "S",
    "alone": True,
    "booked": "1912-04-01T00:00:00",
}


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return passengers()


@pytest.fixture(scope="module")
def folder(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save("sklearn", tmp_path_factory.mktemp("saved") / "titanic", pipeline(table), table)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return project(tmp_path_factory.mktemp("project"), LIMITS)


@pytest.fixture(scope="module")
def bento(folder: Path, settings: Settings) -> Bento:
    return export(folder, version_of("Titanic survivors"), settings=settings)


@pytest.fixture(scope="module")
def served(
    bento: Bento, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Instance]:
    python = ensure_environment(bento, "current", settings=settings)
    with booted(bento, tmp_path_factory.mktemp("logs"), python) as instance:
        yield instance


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads(
        table.to_json(orient="records", double_precision=15, date_format="iso")
    )
    return [row | {"booked": row["booked"].removesuffix("Z")} for row in made]


def test_predictions_over_http_are_those_of_pyfunc(
    served: Instance, folder: Path, table: pd.DataFrame
) -> None:
    import mlflow.pyfunc

    wanted = mlflow.pyfunc.load_model(str(folder)).predict(table).tolist()
    rows = rows_of(table)
    columns = {name: [row[name] for row in rows] for name in ROW}
    split = {"columns": list(ROW), "data": [list(row.values()) for row in rows]}
    for body in ({"rows": rows}, {"columns": columns}, {"dataframe_split": split}):
        answer = served.predict(body)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"predictions": wanted, "model": "Titanic survivors/3"}


def test_permuted_columns_and_unknown_categories_get_the_right_answer(
    served: Instance, folder: Path
) -> None:
    import mlflow.pyfunc

    rows = [dict(reversed(ROW.items())), ROW | {"port": "Z", "sex": "?"}]
    frame = pd.DataFrame(rows)[list(ROW)].astype({"age": float, "booked": "datetime64[ns]"})
    wanted = mlflow.pyfunc.load_model(str(folder)).predict(frame).tolist()
    assert served.predict({"rows": rows}).json()["predictions"] == wanted


BAD: list[tuple[str, int, Any]] = [
    ("missing column", 422, {"rows": [{k: v for k, v in ROW.items() if k != "fare"}]}),
    ("unknown column", 422, {"rows": [ROW | {"cabin": "C85"}]}),
    ("null in a required column", 422, {"rows": [ROW | {"fare": None}]}),
    ("number as a string", 422, {"rows": [ROW | {"fare": "7.25"}]}),
    ("fraction for a whole number", 422, {"rows": [ROW | {"class": 1.5}]}),
    ("whole number out of range", 422, {"rows": [ROW | {"class": 2**64}]}),
    ("string for a boolean", 422, {"rows": [ROW | {"alone": "yes"}]}),
    ("no date", 422, {"rows": [ROW | {"booked": "soon"}]}),
    ("list as a value", 422, {"rows": [ROW | {"fare": [1]}]}),
    ("no rows", 422, {"rows": []}),
    ("no data", 422, {}),
    ("unknown key", 422, {"row": [ROW]}),
    ("columns of unequal length", 422, {"columns": {k: [v] for k, v in ROW.items()} | {"age": []}}),
    ("too many rows", 413, {"columns": {k: [v] * 1001 for k, v in ROW.items()}}),
    ("too large", 413, b'{"rows": [' + b" " * 200_000 + b"]}"),
    ("empty", 400, b""),
    ("cut off", 400, b'{"rows": ['),
    ("NaN", 400, b'{"rows": [{"fare": NaN}]}'),
    ("infinity", 400, b'{"rows": [{"fare": 1e999}]}'),
    ("invalid UTF-8", 400, b'{"rows": [{"sex": "\xff\xfe"}]}'),
    ("deep nesting", 400, b'{"rows":' + b"[" * 90_000),
    ("repeated key", 400, json.dumps({"rows": [ROW]}).replace('"sex"', '"age": 1, "sex"').encode()),
    ("a list", 400, b"[]"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "status", "body"), BAD, ids=[name for name, *_ in BAD])
def test_bad_input_gets_a_problem_that_names_it(
    served: Instance, name: str, status: int, body: Any
) -> None:
    answer = served.predict(body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:labline:problem:")
    assert problem["title"]
    assert problem["detail"]
    if status == 422:
        assert all({"field", "row", "message"} == set(error) for error in problem["errors"])


def test_a_form_post_is_a_415_and_a_get_a_405(served: Instance) -> None:
    assert served.client.post("/predict", data={"a": "1"}).status_code == 415
    assert served.client.get("/predict").status_code == 405


def test_bytes_at_random_never_upset_the_service(served: Instance) -> None:
    generator = np.random.default_rng(3)
    good = json.dumps({"rows": [ROW, ROW]}).encode()
    for _ in range(300):
        body = bytearray(good)
        for at in generator.integers(0, len(body), generator.integers(1, 6)):
            body[at] = generator.integers(0, 256)
        assert served.predict(bytes(body)).status_code < 500


def test_what_is_served_can_be_asked(served: Instance, bento: Bento) -> None:
    facts = served.client.get("/version").json()
    assert (facts["model"], facts["name"], facts["version"]) == (
        bento.model,
        "Titanic survivors",
        3,
    )
    assert facts["digest"] == bento.model_digest
    assert facts["bento"] == bento.tag
    assert served.client.get("/livez").status_code == 200
    served.predict({"rows": [ROW]})
    page = served.client.get("/metrics").text
    assert 'labline_predict_requests_total{model="Titanic survivors/3",status="200"}' in page
    assert "process_resident_memory_bytes" in page


def test_the_openapi_example_is_a_request_that_works(served: Instance) -> None:
    post = served.client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    example = post["requestBody"]["content"]["application/json"]["example"]
    answer = served.predict(example)
    assert answer.status_code == 200
    assert answer.json() == post["responses"]["200"]["content"]["application/json"]["example"]


def test_the_bento_carries_what_it_was_made_from(bento: Bento, settings: Settings) -> None:
    assert bento.tag.startswith("titanic-survivors:3-")
    place = Path(bento.path)
    lock = (place / "src" / "requirements.lock.txt").read_text()
    assert all("==" in line for line in lock.splitlines())
    assert "mlflow-skinny==" in lock
    assert "://" not in lock + (place / "env" / "python" / "requirements.txt").read_text()
    assert not (place / "src" / "example.py").exists()
    name, version = bento.tag.split(":")
    stored = settings.bentoml_home / "models" / name / version / "model.yaml"
    info = yaml.safe_load(stored.read_text())
    assert info["metadata"]["digest"] == bento.model_digest
    assert info["labels"]["run_id"] == "run-Titanic survivors"
    assert any(line.startswith("scikit-learn==") for line in info["metadata"]["requirements"])


def test_the_same_version_gives_the_same_bento_which_is_not_built_again(
    bento: Bento, folder: Path, settings: Settings
) -> None:
    made = (Path(bento.path) / "bento.yaml").stat().st_mtime_ns
    again = export(folder, version_of("Titanic survivors"), settings=settings)
    assert again == bento
    assert (Path(bento.path) / "bento.yaml").stat().st_mtime_ns == made


def test_another_version_or_limit_gives_another_bento(
    bento: Bento, folder: Path, settings: Settings
) -> None:
    from labline.serving.exporter import Plan

    serving = settings.serving.model_copy(update={"max_rows": 7})
    others = [
        Plan.of(folder, version_of("Titanic survivors", 4), settings),
        Plan.of(folder, version_of("titanic-survivors", 3), settings),
        Plan.of(
            folder,
            version_of("Titanic survivors"),
            settings.model_copy(update={"serving": serving}),
        ),
    ]
    assert len({bento.tag, *(plan.tag for plan in others)}) == 4


def test_a_delivered_folder_is_complete_without_the_store(
    bento: Bento, folder: Path, settings: Settings, tmp_path: Path
) -> None:
    output = tmp_path / "out" / "bento"
    export(folder, version_of("Titanic survivors"), settings=settings, output=output)
    export(folder, version_of("Titanic survivors"), settings=settings, output=output)
    assert [path.name for path in output.parent.iterdir()] == ["bento"]
    port = free_port()
    argv = [sys.executable, str(output / "src" / "serve.py"), "--port", str(port)]
    env = {"BENTOML_HOME": str(tmp_path / "empty"), "BENTOML_DO_NOT_TRACK": "1"}
    with running(argv, env, tmp_path, port, tmp_path) as instance:
        assert instance.predict({"rows": [ROW]}).status_code == 200


def test_a_delivered_folder_is_the_build_context_of_an_image(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    """Without a container runtime: what the Dockerfile copies is there, and its command serves."""
    output = tmp_path / "bento"
    export(folder, version_of("Titanic survivors"), settings=settings, output=output)
    lines = [line.split(maxsplit=1) for line in (output / "Dockerfile").read_text().splitlines()]
    steps = [(word[0], word[1]) for word in lines if len(word) == 2 and word[0].isupper()]
    python = json.loads((output / "src" / "service.json").read_text())["python"]
    assert steps[0] == ("FROM", f"python:{python}-slim")
    assert ("USER", "10001:10001") in steps
    assert all((output / text.split()[0]).exists() for word, text in steps if word == "COPY")
    (command,) = (json.loads(text) for word, text in steps if word == "CMD")
    port = free_port()
    own = {"python": sys.executable, "0.0.0.0": "127.0.0.1", "3000": str(port)}
    argv = [own.get(word, word) for word in command]
    env = {"BENTOML_HOME": str(tmp_path / "home"), "BENTOML_DO_NOT_TRACK": "1"}
    before = {path for path in output.rglob("*") if "__pycache__" not in path.parts}
    with running(argv, env, output, port, tmp_path) as instance:
        assert instance.predict({"rows": [ROW]}).status_code == 200
    after = {path for path in output.rglob("*") if "__pycache__" not in path.parts}
    assert after == before, "a read-only file system must do"


def test_a_delivered_archive_is_what_bentoml_imports(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    output = tmp_path / "titanic.bento"
    made = export(folder, version_of("Titanic survivors"), settings=settings, output=output)
    assert [path.name for path in tmp_path.iterdir()] == ["titanic.bento"]
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", "import", str(output)],
        env={"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "1", "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    name, version = made.tag.split(":")
    assert (home / "bentos" / name / version / "bento.yaml").is_file()
    assert (home / "models" / name / version / "mlflow_model" / "MLmodel").is_file()


def test_something_else_at_the_output_is_left_alone(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(Refused, match="is no Bento"):
        export(folder, version_of("Titanic survivors"), settings=settings, output=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def remains(settings: Settings) -> list[str]:
    found = settings.bentoml_home.rglob("*") if settings.bentoml_home.exists() else ()
    return [path.name for path in found if path.is_file() and path.suffix != ".lock"]


def test_a_model_without_a_signature_is_refused_before_anything_is_made(
    folder: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(folder), str(copy)], check=True)
    meta = yaml.safe_load((copy / "MLmodel").read_text())
    (copy / "MLmodel").write_text(yaml.safe_dump(meta | {"signature": None}))
    with pytest.raises(Refused, match="has no signature") as caught:
        export(copy, version_of("m"), settings=project(tmp_path / "p"))
    assert "--data" in caught.value.fix
    assert remains(project(tmp_path / "p")) == []


def test_contradicting_requirements_are_refused_in_words(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(folder), str(copy)], check=True)
    (copy / "requirements.txt").write_text("packaging==20.0\n")
    settings = project(tmp_path / "p")
    with pytest.raises(Refused, match=r"the model requires packaging==20\.0"):
        export(copy, version_of("m"), settings=settings)
    assert remains(settings) == []


def test_a_build_that_fails_leaves_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = tmp_path / "labline" / "bentos" / "broken"
    template.mkdir(parents=True)
    (template / "service.py").write_text("raise RuntimeError('no such luck')\n")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    settings = project(tmp_path / "p", '[serving]\ntemplate = "broken"\n')
    with pytest.raises(Failed, match="could not build"):
        export(folder, version_of("m"), settings=settings)
    assert remains(settings) == []


def test_an_environment_that_lacks_something_is_refused(bento: Bento, tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "requirements.txt").write_text("orjson==0.1\nno-such-distribution\n")
    (source / "service.json").write_text('{"python": "3.99"}')
    with pytest.raises(Refused) as caught:
        ensure_environment(
            replace(bento, path=str(tmp_path)), "current", settings=project(tmp_path / "p")
        )
    assert "(needs 3.99)" in caught.value.message
    assert "orjson is" in caught.value.message
    assert "no-such-distribution is not installed" in caught.value.message
