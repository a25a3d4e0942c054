"""What processes use: CPU seconds and memory, of a process with all its children."""

from collections.abc import Iterable, Iterator

import psutil


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the CPU seconds of these processes and their children, also of those that have ended."""
    total = 0.0
    for process in _family(pids):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def cpu_by_process(pids: Iterable[int]) -> dict[int, float]:
    """Return the CPU seconds of each of these processes and their children."""
    found = {}
    for process in _family(pids):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found[process.pid] = times.user + times.system
    return found


def peak_megabytes(pids: Iterable[int]) -> float:
    """Return the sum of the greatest resident sizes so far. Pages that processes share count once for each."""
    return sum(_high_water(process.pid) for process in _family(pids)) / 1024


def _high_water(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


def _family(pids: Iterable[int]) -> Iterator[psutil.Process]:
    for pid in pids:
        try:
            process = psutil.Process(pid)
            yield process
            yield from process.children(recursive=True)
        except psutil.NoSuchProcess:
            continue
