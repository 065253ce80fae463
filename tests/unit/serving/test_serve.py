"""The process of an instance."""

import os

from serve import _log


def test_a_model_that_prints_does_not_fail_where_nobody_reads_any_more():
    reads, writes = os.pipe()
    log = _log(writes)
    print("räksmörgås", file=log)
    assert os.read(reads, 99) == "räksmörgås\n".encode()
    os.close(reads)
    for _ in range(3):
        print("to nobody", file=log, flush=True)
    log.close()
    os.close(writes)
