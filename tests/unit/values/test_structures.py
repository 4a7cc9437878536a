from __future__ import annotations

import pytest
from construct import Bytes, Struct
from farfetch.scanner.engine import lib
from farfetch.scanner.errors import TypeNameError
from farfetch.scanner.values.structures import LARGEST, scan_layout


def test_the_largest_structure_is_what_the_core_takes() -> None:
    assert lib.FF_SPAN_MAX == LARGEST
    assert scan_layout(Struct("all" / Bytes(LARGEST))).size == LARGEST
    with pytest.raises(TypeNameError, match="has 1 to 65536 bytes, not 65537"):
        scan_layout(Struct("all" / Bytes(LARGEST + 1)))
