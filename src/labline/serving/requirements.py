"""What a service needs: the model's requirements and the template's, locked together."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from labline.errors import Refused
from labline.serving import uv
from labline.serving.distributions import named
from labline.serving.model_folder import ModelFolder

# These loaders work on mlflow-skinny, which is a third of mlflow; others keep what they asked for.
_SKINNY_LOADERS = frozenset(
    {
        "mlflow.sklearn",
        "mlflow.xgboost",
        "mlflow.lightgbm",
        "mlflow.catboost",
        "mlflow.statsmodels",
        "mlflow.pyfunc.model",
    }
)


def combine(model: ModelFolder, template: Sequence[str]) -> list[str]:
    """Return the requirement lines of a service, sorted.

    BentoML is pinned to the version that builds the Bento, MLflow to the one that saved the model.
    """
    own = [_slim(line, model.loader) for line in model.requirements]
    saver = model.mlflow_version
    if saver and not any(_name(line).startswith("mlflow") and "==" in line for line in own):
        own.append(_slim(f"mlflow=={saver}", model.loader))
    return sorted({*own, *map(_pinned, template)}, key=str.lower)


def _slim(line: str, loader: str) -> str:
    wanted = _parse(line)
    if wanted is None or canonicalize_name(wanted.name) != "mlflow":
        return line
    special = wanted.extras or wanted.url or wanted.marker or loader not in _SKINNY_LOADERS
    return line if special else f"mlflow-skinny{wanted.specifier}"


def _pinned(line: str) -> str:
    return f"bentoml=={metadata.version('bentoml')}" if _name(line) == "bentoml" else line


def _parse(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def _name(line: str) -> str:
    wanted = _parse(line)
    return canonicalize_name(wanted.name) if wanted else ""


def lock(lines: Sequence[str], model: ModelFolder, *, cwd: Path) -> str:
    """Resolve the lines to exact versions, for this platform and the model's Python.

    Versions that are installed here are preferred: the service then runs on what the notebook ran
    on, wherever the requirements allow it.

    Raises
    ------
    Refused
        The requirements contradict one another, or name what does not exist; says which.
    Unreachable
        The package index cannot be reached.
    """
    with tempfile.TemporaryDirectory(prefix="labline-lock-") as folder:
        wanted, locked = Path(folder) / "requirements.txt", Path(folder) / "requirements.lock.txt"
        wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
        locked.write_text("\n".join(_installed()) + "\n", encoding="utf-8")
        try:
            uv.run(
                "pip", "compile", str(wanted), "--output-file", str(locked),
                "--python-version", model.python, "--no-header", "--no-annotate", "--quiet",
                cwd=cwd,
            )  # fmt: skip
        except uv.UvFailed as error:
            raise error.explained(_refusal(error.output, lines, model)) from error
        return locked.read_text(encoding="utf-8")


def _installed() -> list[str]:
    found = map(named, metadata.distributions())
    return sorted("==".join(one) for one in found if one)


def _refusal(output: str, lines: Sequence[str], model: ModelFolder) -> Refused:
    return Refused(
        f"The service's requirements cannot be installed: {explain(output, model.requirements)}",
        fix="Loosen the model's requirements and log it again.",
        requirements=list(lines),
        output=output,
    )


def explain(output: str, models: Iterable[str]) -> str:
    """Turn what uv says of a failed resolution into one plain sentence.

    Parameters
    ----------
    models
        The model's own requirement lines; what is required otherwise is the service's.
    """
    text = " ".join(re.sub(r"[×╰─▶│]", " ", output.partition("\nhint:")[0]).split())
    reasons = re.findall(r"[Bb]ecause (.+?), we can conclude that ", text)
    if not reasons:
        return re.sub(r"^error: ", "", text)
    names = {_name(line) for line in models}
    # uv repeats what it concluded before as a reason of the next step: said once is enough.
    parts = [part for reason in reasons for part in re.split(r",? and (?=you require)", reason)]
    told = dict.fromkeys(_who(part, names) for part in parts)
    return f"{'; '.join(told)}. These cannot hold together."


def _who(part: str, models: set[str]) -> str:
    match = re.match(r"you require ([A-Za-z0-9._-]+)", part)
    if not match:
        return part
    mine = canonicalize_name(re.sub(r"[._-]+$", "", match[1])) in models | (
        {"mlflow-skinny"} if "mlflow" in models else set()
    )
    return part.replace("you require", "the model requires" if mine else "the service requires", 1)


def unmet(lines: Iterable[str]) -> list[str]:
    """Return what of the lines is not met by what is installed here, in words."""
    return [said for line in lines if (said := _unmet(line))]


def _unmet(line: str) -> str:
    wanted = _parse(line)
    if wanted is None or (wanted.marker and not wanted.marker.evaluate()):
        return ""
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name} is not installed (needs {line})"
    if wanted.specifier.contains(version, prereleases=True):
        return ""
    return f"{wanted.name} is {version} (needs {wanted.specifier})"
