"""Messages between provisioner, zygote and spares: one JSON packet each, with descriptors."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any

from labline.errors import LablineError

_LARGEST = 2**20
_DESCRIPTORS = 4


class CannotServe(LablineError):
    """A warm kernel cannot be had; a cold one can."""


class Unwanted(CannotServe):
    """A warm kernel is not wanted here, or never to be had; nobody need be warned."""


def send(
    channel: socket.socket, message: Mapping[str, Any], descriptors: Sequence[int] = ()
) -> None:
    """Send one message; the receiver gets descriptors of its own.

    Raises
    ------
    OSError
        The other side is gone, or the message is larger than the socket's buffer.
    """
    socket.send_fds(channel, [json.dumps(message).encode()], descriptors)


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Return the next message and its descriptors, which are closed on exec.

    Raises
    ------
    EOFError
        The other side is gone.
    TimeoutError
        It said nothing within the socket's timeout.
    """
    data, descriptors, flags, _ = socket.recv_fds(
        channel, _LARGEST, _DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
    )
    if not data:
        raise EOFError
    if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
        raise OSError("a message was cut off")
    return json.loads(data), descriptors
