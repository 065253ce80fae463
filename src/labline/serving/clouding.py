"""Deploy a Bento of the store to BentoCloud by BentoML's own API; run as a program of its own.

BentoML takes its store and its login from the environment when it is imported. Run with the order
as JSON on standard input; the answer is JSON on standard output.
"""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> None:
    """Deploy what standard input orders, or say why not."""
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    import httpx
    from bentoml.exceptions import BentoMLException, CloudRESTApiClientError

    try:
        return _deploy(order)
    except httpx.HTTPError as error:
        return {"error": "unreachable", "message": str(error) or type(error).__name__}
    except CloudRESTApiClientError as error:
        refused = error.error_code in (401, 403)
        return {"error": "refused" if refused else "failed", "message": str(error)}
    except (BentoMLException, ValueError) as error:
        return {"error": "failed", "message": str(error)}


def _deploy(order: dict[str, Any]) -> dict[str, Any]:
    import bentoml
    from bentoml.exceptions import NotFound

    where = {"name": order["name"], "cluster": order["cluster"]}
    options = {**where, "bento": order["bento"], **order["options"]}
    try:
        bentoml.deployment.get(**where)
    except NotFound:
        found = bentoml.deployment.create(**options)
    else:
        found = bentoml.deployment.update(**options)
    return {"name": found.name, "cluster": found.cluster, "urls": _urls(found)}


def _urls(deployment: Any) -> list[str]:
    from bentoml.exceptions import BentoMLException

    try:
        return list(deployment.get_endpoint_urls(refetch=False))
    except BentoMLException:  # it has none yet
        return []


if __name__ == "__main__":
    main()
