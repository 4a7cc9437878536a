"""Names that a piece of Lua needs from outside."""

from __future__ import annotations

import pytest
from farfetch.scanner.script.lua_names import Used, used_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("print(1)", ["print"]),
        ("local t = createTimer(nil)\nt.destroy()", ["createTimer"]),
        ("x = 1\nx.y = 2", []),
        ("a, b = f(), 2 b.c() a[1]=3", ["f"]),
        ("local a, b\na.x = b[1]", []),
        ("local function go(x, ...) x() go(y) end", []),
        ("function a.b:c(d) d{} self.x = 1 end a.b()", ["self"]),
        ("for k, v in pairs(t) do v() end", ["pairs"]),
        ("for i = 1, 2 do i() end", []),
        ("-- os.exit()\n--[[ os.exit()\n]] return [==[ os.exit() ]==] .. 'io.x' .. \"io.y\"", []),
        ("if memrec then return end", []),  # what is only looked at is nil
        ("x.os.exit() x:io()", ["x"]),
        ("f'x' g\"y\" h{} i[[z]] j(1)", ["f", "g", "h", "i", "j"]),
        ("a = b..c(1)", ["c"]),
        ("return a..b", []),
        ("t = {os = 1, [os.x] = 2}", []),  # a table's field looks like a name that is set
        ("return 0x1F.x(2) + 1e5", []),
        ("if a == f(2) then goto x end ::x::", ["f"]),
        ("", []),
        ("((((", []),
        ("function", []),
        ("function(", []),
        ("local", []),
        (",,=x.y", ["x"]),
        ("\udcff\0f()", ["f"]),
    ],
)
def test_what_is_called_or_indexed_and_not_set(text: str, names: list[str]) -> None:
    assert [used.name for used in used_names(text)] == names


def test_lines() -> None:
    assert used_names("\n\na()\nb()\na()") == [Used("a", 3), Used("b", 4)]
