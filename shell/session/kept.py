"""What a scan keeps of matches and old values, and where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..answers import quantities

if TYPE_CHECKING:
    from farfetch.scanner import Scan

    from ..answers.result import Json


def kept_fields(scan: Scan) -> dict[str, Json]:
    """For programs: bytes of memory, of memory for old values beside, and of disk."""
    return {"memory": scan.memory, "values": scan.values_memory, "disk": scan.disk}


def kept_text(*scans: Scan) -> str:
    """The same of some scans for people; memory for old values only where there is any."""
    parts = [f"{quantities.size(sum(scan.memory for scan in scans))} of memory"]
    if values := sum(scan.values_memory for scan in scans):
        parts.append(f"{quantities.size(values)} more for old values")
    return ", ".join([*parts, f"{quantities.size(sum(scan.disk for scan in scans))} of disk"])
