"""``python -m labline.kernel.warm OPTIONS``: start a zygote and return once it listens.

``python -m labline.kernel.warm prestarted OPTIONS``: be a spare of the process that starts this.
"""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Be the zygote, one of its heirs, or one of its kernels; or a prestarted spare."""
    # As every kernel does: the folder returns to the path once everything is imported.
    if sys.path[0] in ("", os.getcwd()):  # noqa: PTH109
        del sys.path[0]
    if sys.argv[1] == "prestarted":
        from labline.kernel.warm import prestarted

        prestarted.run(sys.argv[2])
        return 0
    from labline.kernel.warm.ending import run_to_the_end
    from labline.kernel.warm.spare import Spare
    from labline.kernel.warm.start import become_zygote

    zygote = become_zygote(sys.argv[1])
    while zygote:
        role = zygote.serve()
        if isinstance(role, Spare):
            run_to_the_end(role.run, role.tell_exit, role.known)
        zygote = role.succeed() if role else None
    return 0


if __name__ == "__main__":
    sys.exit(main())
