"""Who writes a value is seen in code that a program has made itself while it ran."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from farfetch.scanner import Target, attach, i32

from support.child import Child, is_traced
from support.machine import only_x86

pytestmark = only_x86

NODE = """
const values = new Int32Array(64);
function add(times) { for (let i = 0; i < times; i++) values[32] += 1; return values[32]; }
function sum(times) { let all = 0; for (let i = 0; i < times; i++) all ^= values[32] + i;
    return all; }
let line;
for (let i = 0; i < 300; i++) { add(10000); sum(10000); }
values[32] = 1357924680;
console.log("ready");
require("readline").createInterface({ input: process.stdin }).on("line", (text) => {
    const [what, times] = text.split(" ");
    console.log(what === "add" ? add(Number(times)) : sum(Number(times)));
});
"""

# opaque accesses take place each, and are not made one
JAVA = """
import java.lang.invoke.*;
import java.nio.*;
public class Made {
    static final ByteBuffer values = ByteBuffer.allocateDirect(256);
    static final VarHandle handle =
        MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    static int get() { return (int) handle.getOpaque(values, 128); }
    static void set(int value) { handle.setOpaque(values, 128, value); }
    static int add(int times) {
        for (int i = 0; i < times; i++) set(get() + 1);
        return get();
    }
    static volatile int kept;
    static int sum(int times) {
        int all = 0;
        for (int i = 0; i < times; i++) all ^= get() + i;
        return all;
    }
    public static void main(String[] arguments) throws Exception {
        for (int i = 0; i < 300; i++) { add(10000); kept = sum(10000); }
        set(1357924680);
        System.out.println("ready");
        var input = new java.io.BufferedReader(new java.io.InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null;) {
            String[] words = line.split(" ");
            int times = Integer.parseInt(words[1]);
            System.out.println(words[0].equals("add") ? add(times) : sum(times));
        }
    }
}
"""


def node(folder: Path) -> list[str]:
    """A program of Node."""
    source = folder / "made.js"
    source.write_text(NODE)
    return ["node", str(source)]


def java(folder: Path) -> list[str]:
    """A program of Java, compiled by whoever runs it."""
    source = folder / "Made.java"
    source.write_text(JAVA)
    return ["java", "-Xmx64m", "-XX:+UseSerialGC", str(source)]


@pytest.mark.parametrize("made", [node, java])
def test_every_write_by_made_code(made: Callable[[Path], list[str]], tmp_path: Path) -> None:
    command = made(tmp_path)
    missing = f"{command[0]} is missing: tools/prerequisites.sh games installs it"
    assert shutil.which(command[0]), missing
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
    with Child(process) as child:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        with attach(child.pid) as target:
            watch_it(process, target, value_of(process, target))


def value_of(process: subprocess.Popen[str], target: Target) -> int:
    """The address of the value that changes when it is told to."""
    with target.scan(i32) as scan:
        expected = int(tell(process, "add 0"))
        scan.first(f"now == {expected}")
        for _ in range(20):
            if len(scan.matches) <= 1:
                break
            told = int(tell(process, "add 3"))
            assert told == expected + 3
            expected = told
            scan.next(f"now == {expected}")
        return scan[0].address


def tell(process: subprocess.Popen[str], line: str) -> str:
    """Send a line, and give the answer."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(line + "\n")
    process.stdin.flush()
    return process.stdout.readline()


def watch_it(process: subprocess.Popen[str], target: Target, at: int) -> None:
    """All writes are counted, and their instructions are such as write just there."""
    with target.watchpoint(at, 4, loss=1) as hits:
        for _ in range(5):
            tell(process, "add 100")
        assert not is_traced(process.pid)
    assert sum(hit.count for hit in hits) + hits.state.lost == 500
    for hit in hits:
        assert hit.instruction is not None, hit
        assert any(
            operand.address(hit.registers) in (at, None) for operand in hit.instruction.writes
        )
    with target.watchpoint(at, 4, "read", loss=1) as reads:
        tell(process, "sum 100")
    assert sum(hit.count for hit in reads) > 0
    assert all(hit.instruction is not None for hit in reads)
