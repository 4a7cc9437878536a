"""A program in two builds, in which the same code is elsewhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

from farfetch.scanner import Target

from support.child import Child

#: What is hit, and how it begins in each build.
HIT = (
    "int total; __attribute__((noinline)) void hit(int *health, int n)"
    "{ total += n; *health -= n * 3; if (*health < 0) *health = 0; }\n"
)
MAIN = (
    '#include <stdio.h>\nint main(void) { int h = 100, n; while (scanf("%d", &n) == 1)'
    ' { hit(&h, n); printf("%d\\n", h); fflush(stdout); } return 0; }\n'
)
MORE = "int table[3000] = {1}; __attribute__((noinline)) int other(int n) { return table[n]; }\n"
BUILDS = (HIT + MAIN, MORE + HIT + MAIN)


def build(folder: Path) -> tuple[Path, ...]:
    """The same program, built twice; with other data, and a function more, the second time."""
    made = []
    for number, source in enumerate(BUILDS):
        inside = folder / f"build{number}"
        inside.mkdir()
        (inside / "it.c").write_text(source)
        made.append(inside / "ffentry")
        subprocess.run(["gcc", "-O1", "-g", "-o", made[-1], inside / "it.c"], check=True)
    return tuple(made)


class Running(Child):
    """A build of it, running."""

    def __init__(self, program: Path) -> None:
        pipe = subprocess.PIPE
        self.program = subprocess.Popen([program], stdin=pipe, stdout=pipe, text=True)
        super().__init__(self.program)
        self.hit(0)  # it runs

    def hit(self, n: int) -> int:
        """Hit it; its health then."""
        assert self.program.stdin is not None
        assert self.program.stdout is not None
        self.program.stdin.write(f"{n}\n")
        self.program.stdin.flush()
        return int(self.program.stdout.readline())


def taking(target: Target) -> int:
    """Where health is taken: the first instruction that writes through a register."""
    code = target.disassemble(target.address("ffentry!hit"), 20)
    return next(one.address for one in code if any(each.base == "rdi" for each in one.writes))
