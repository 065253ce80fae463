from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start cold")


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "sys.exit()",
        "sys.exit(3)",
        "sys.exit(-1)",
        "sys.exit('why')",
        "raise KeyError('why')",
        "os._exit(9)",
        "os.kill(os.getpid(), 15)",
        "sys.stdout.write('unflushed')",
    ],
)
def test_a_kernel_ends_as_the_interpreter_would(body: str) -> None:
    plain = f"import os, sys\ndef run():\n    {body}\n"
    ours = (
        "from labline.kernel.warm.ending import run_to_the_end\n"
        "run_to_the_end(run, lambda _: None, frozenset(sys.modules))"
    )
    theirs, mine = _run(plain + "run()"), _run(plain + ours)
    assert mine.returncode == theirs.returncode
    assert mine.stdout == theirs.stdout
    assert bool(mine.stderr) == bool(theirs.stderr)


def test_threads_exit_handlers_and_objects_come_in_the_interpreters_order() -> None:
    source = """
        import atexit, gc, threading, time
        gc.disable()  # else a collection that comes by itself could be earlier
        class Loud:
            def __del__(self, say=print): say("object")
        def run():
            loud = Loud(); loud.itself = loud; del loud
            atexit.register(print, "atexit")
            threading.Thread(target=lambda: (time.sleep(.1), print("thread"))).start()
        from labline.kernel.warm.ending import run_to_the_end
        import sys
        tell = lambda code: print('told', code, flush=True)
        run_to_the_end(run, tell, frozenset(sys.modules))
    """
    assert _run(textwrap.dedent(source)).stdout.split() == [
        "thread",
        "atexit",
        "object",
        "told",
        "0",
    ]


def _run(source: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=False
    )
