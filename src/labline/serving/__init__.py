"""From a registered model to a process that serves it: Bento, environment, command.

Nothing heavy is imported here; BentoML itself runs in processes of its own, since it keeps its
store, its working folder and the service's modules as state of the process.
"""

from labline.serving.boot import boot_command
from labline.serving.environments import Mode, ensure_environment
from labline.serving.exporter import export

__all__ = ["Mode", "boot_command", "ensure_environment", "export"]
