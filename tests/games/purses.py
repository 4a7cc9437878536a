"""A purse in three runtimes: a small program of each, which earns what it is told to."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

from support.child import Child

#: What each begins with.
GOLD: Final = 1_234_567

PYTHON = f"""
import sys
class Player:
    def __init__(self):
        self.gold = {GOLD}
player = Player()
print(player.gold, flush=True)
for line in sys.stdin:
    player.gold += int(line)
    print(player.gold, flush=True)
"""

NODE = f"""
class Player {{ constructor(gold) {{ this.gold = gold; this.luck = gold + 0.5; }} }}
const player = new Player({GOLD});
const say = () => console.log(player.gold);
require('readline').createInterface({{input: process.stdin}}).on('line', line => {{
    player.gold += Number(line); player.luck += Number(line); say();
}});
say();
"""

JAVA = f"""
import java.util.Scanner;
public class Purse {{
    static class Player {{ int gold = {GOLD}; }}
    public static void main(String[] arguments) {{
        Player player = new Player();
        Scanner lines = new Scanner(System.in);
        System.out.println(player.gold);
        while (lines.hasNextLine()) {{
            String line = lines.nextLine();
            if (line.equals("tidy")) {{ System.gc(); }}
            else {{ player.gold += Integer.parseInt(line); }}
            System.out.println(player.gold);
        }}
    }}
}}
"""


class Purse(Child):
    """A program of a runtime that says after each line what is in the purse."""

    def __init__(self, *command: str | Path) -> None:
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        super().__init__(process)
        self.gold = self._next()

    def tell(self, line: object) -> int:
        """Say a line, and give what is in the purse then."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self.gold = self._next()
        return self.gold

    def _next(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


def python(folder: Path) -> Purse:
    """CPython, the one that Debian has or any other."""
    return Purse(_needed("python3"), _file(folder / "purse.py", PYTHON))


def node(folder: Path) -> Purse:
    """Node."""
    return Purse(_needed("node"), _file(folder / "purse.js", NODE))


def java(folder: Path) -> Purse:
    """Java, which compiles the file itself."""
    _file(folder / "Purse.java", JAVA)
    javac = [_needed("javac"), "-d", str(folder), str(folder / "Purse.java")]
    subprocess.run(javac, check=True, capture_output=True, timeout=120)
    return Purse(_needed("java"), "-XX:+UseSerialGC", "-Xmx256m", "-cp", folder, "Purse")


def _file(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def _needed(program: str) -> str:
    found = shutil.which(program)
    assert found, f"{program} is missing: tools/prerequisites.sh games installs it"
    return found
