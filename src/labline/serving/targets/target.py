"""What a target is given, and what it must give."""

from __future__ import annotations

import re
from dataclasses import dataclass

from labline.errors import BadInput

#: port that the image made by ``labline export`` listens on
PORT = 3000


@dataclass(frozen=True)
class Workload:
    """One model version that shall run, with at most one candidate beside it."""

    #: project, the namespaces' first part
    project: str
    model: str
    version: int
    image: str
    #: the policy's stages, in its order
    stages: tuple[str, ...]
    #: image of the candidate; empty without one
    canary_image: str = ""
    #: percent of the requests that the candidate answers
    canary_weight: int = 0
    #: endpoint that the project's API keys are issued for; the model's name unless told
    endpoint: str = ""
    #: public half of the key that signs API keys (RFC 7517); empty: no key is asked for
    jwks: str = ""

    def __post_init__(self) -> None:
        for image in filter(None, (self.image, self.canary_image)):
            _check_image(image)
        object.__setattr__(self, "endpoint", self.endpoint or self.name)
        if bool(self.canary_image) != (self.canary_weight > 0):
            raise BadInput(
                "A canary needs both an image and a weight.",
                fix="Give --canary-image IMAGE and --canary-weight PERCENT, or neither.",
            )

    @property
    def name(self) -> str:
        """Name of the workload, as DNS and Kubernetes take it."""
        return dns_label(self.model)


class Target:
    """Makes the files with which another system runs a model version.

    ``labline manifests NAME`` makes one instance and calls :meth:`files` once. A target touches
    nothing: facts in, texts out.
    """

    def files(self, workload: Workload) -> dict[str, str]:
        """Return path -> text; required. Paths are relative to the folder that the user names."""
        raise NotImplementedError


def dns_label(text: str, most: int = 50) -> str:
    """Return `text` as a DNS label (RFC 1035) of at most `most` characters."""
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    label = label if label[:1].isalpha() else f"m-{label}"
    return label[:most].rstrip("-")


def _check_image(image: str) -> None:
    # A tag that moves would let two pods of one release run different models.
    name, at, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if re.search(r"\s", image) or not name or (at and not digest):
        raise BadInput(f"{image!r} is no image.", fix="For example: registry.example/penguins:3")
    if not digest and tag in ("", "latest"):
        raise BadInput(
            f"{image!r} has no fixed tag, so its pods could run different models.",
            fix="Name a version or a digest: IMAGE:3 or IMAGE@sha256:...",
        )
