"""Durations as people write them: `30s`, `5m`, `2h`."""

import re

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*")


def parse_duration(text: str) -> float:
    """Return the seconds in `text`; a bare number is seconds.

    Raises:
        ValueError: `text` is no duration.

    """
    if (match := _DURATION.fullmatch(text)) is None:
        msg = f"expected a duration such as 30s, 5m or 2h, got {text!r}"
        raise ValueError(msg)
    return float(match[1]) * _UNITS[match[2] or "s"]


def format_duration(seconds: float) -> str:
    """Return `seconds` in the largest unit that divides it: 300 becomes `5m`. Used in queue names."""
    for unit in ("d", "h", "m"):
        if seconds >= _UNITS[unit] and seconds % _UNITS[unit] == 0:
            return f"{int(seconds // _UNITS[unit])}{unit}"
    return f"{seconds:g}s"
