"""A delivered Bento as the build context of an OCI image."""

from __future__ import annotations

import json
from pathlib import Path

from labline.serving.targets.target import PORT

_DOCKERFILE = """\
FROM python:{python}-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONNOUSERSITE=1 \\
    BENTOML_HOME=/tmp/bentoml BENTOML_DO_NOT_TRACK=1 MLFLOW_DISABLE_TELEMETRY=true
# Some models need OpenMP, which the slim image lacks.
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 \\
    && rm -rf /var/lib/apt/lists/*
# Before the model: another model on the same requirements reuses these layers.
COPY src/requirements.lock.txt /srv/requirements.lock.txt
RUN python -m pip install --no-cache-dir uv \\
    && uv pip install --system --no-cache --no-deps --compile-bytecode \\
       --requirements /srv/requirements.lock.txt
COPY . /srv/bento
RUN python -m compileall -q /srv/bento/src
USER 10001:10001
WORKDIR /srv/bento
EXPOSE {port}
STOPSIGNAL SIGTERM
CMD ["python", "src/serve.py", "--host", "0.0.0.0", "--port", "{port}", "--drain", "30"]
"""
_IGNORED = "Dockerfile\n.dockerignore\n**/__pycache__\n"


def write_context(bento: Path) -> None:
    """Add ``Dockerfile`` and ``.dockerignore`` to the Bento in `bento`, where it can serve itself.

    A template without ``serve.py`` has no command of its own: ``bentoml containerize`` knows it.
    """
    source = bento / "src"
    if not (source / "serve.py").is_file():
        return
    python = json.loads((source / "service.json").read_text(encoding="utf-8"))["python"]
    text = _DOCKERFILE.format(python=python, port=PORT)
    (bento / "Dockerfile").write_text(text, encoding="utf-8")
    (bento / ".dockerignore").write_text(_IGNORED, encoding="utf-8")
