"""What each command needs, answers and refuses: a row a command, held to by test_every_command.

Most of a row is made from the command's declaration: what it needs, what it always answers, and
lines that its arguments cannot be. :data:`ROWS` has what goes beyond. Lines run in a session that
is made as :data:`PREPARE` says, on the ``game`` of ``targets/``. In them, and in examples, what
:func:`places` lists stands for places of that game.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from farfetch.scanner import attach
from farfetch.shell.command import Command

from support.command_forms import MISSING, refused
from support.targets import TargetProcess

#: Run before every line: five matches, which two steps have led to, and a page of them shown.
PREPARE = (
    "attach 1234",
    "where PLAYER",
    "align auto",
    "type i32",
    "first 0..2000",
    "next unknown",
    "list 5",
)

#: Run once, in a folder that holds these files afterwards.
MAKE = (
    "save-memory game.core",
    "table add 0x7f0012345678 hp --type i32",
    "save game.json",
    "export game.CT",
)
FILES = {
    "hunt.ff": "list 1\n",
    "broken.ff": "list 1\nlst\n",
    "game.h": "struct npc { int hp; };\n",
}


class Row(NamedTuple):
    """What a command answers and refuses beside what it declares.

    Attributes:
        fields: of its JSON answer, beside those that are always there.
        refuses: lines with the type of the error that each ends with.
        alone: the type of the error without a target; "" where it works, None as it declares.
        unscanned: the same on a target without a scan.
        gone: the same on a target that has ended.
        line: what is run for these; the first example when "".
        setup: run behind PREPARE.
        examples: the types of errors that examples of its help end with on this game.
        endless: examples that go on until the target ends.
    """

    fields: str = ""
    refuses: tuple[tuple[str, str], ...] = ()
    alone: str | None = None
    unscanned: str | None = None
    gone: str | None = None
    line: str = ""
    setup: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    endless: tuple[str, ...] = ()

    def on_a_match(self) -> Row:
        """A row of a command whose line is of a match, though it takes addresses, too."""
        return self._replace(alone="NoTarget", unscanned="NoMatches", gone="TargetGone")

    def on_a_scan(self) -> Row:
        """A row of a command that works on a scan, whatever has become of the target."""
        return self._replace(alone="ScanOrderError", unscanned="ScanOrderError")


def places(game: TargetProcess) -> dict[str, str]:
    """What stands in examples, and what is meant by it in a game that runs here."""
    at = game.command("addresses")
    return {
        "PLAYER": f"{at['player_addr']}..{at.number('player_addr') + 48:#x}",
        "0x7f0012345678": at["health_addr"],
        "GOLD": at["gold_addr"],
        "game+0x4010": at["static_addr"],
        "game+0x1189": "game+0x10",
        "game+0x1a03": code_of(game),
        "game!obey+0x283": reaching(game),
        "attach 1234": f"attach {game.pid}",
        "attach game": f"attach {game.pid}",
        "--wait 60": "--wait 0.1",
    }


def code_of(game: TargetProcess) -> str:
    """The address of its first instruction."""
    maps = Path(f"/proc/{game.pid}/maps").read_text().splitlines()
    code = next(line for line in maps if " r-xp " in line and line.endswith("/game"))
    return f"0x{code.partition('-')[0]}"


def reaching(game: TargetProcess) -> str:
    """The address of an instruction that reaches memory by a register."""
    with attach(game.pid) as target:
        for one in target.disassemble(target.address("game!main"), 64):
            if any(operand.base and not operand.segment for operand in (*one.reads, *one.writes)):
                return f"{one.address:#x}"
    raise AssertionError("main reaches nothing")


def placed(line: str, there: Mapping[str, str]) -> str:
    """A line, with what :func:`places` says in it."""
    for example, place in there.items():
        line = line.replace(example, place)
    return line


def fill(folder: Path) -> None:
    """Put the files of examples into a folder, which is also the home folder."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    (folder / "tables").mkdir()


#: What no declaration can say; a command of which there is no more has no row.
ROWS: dict[str, Row] = {
    "attach": Row(
        refuses=(
            ("attach", "UsageError"),
            ('attach "game', "UsageError"),
            ("attach no-such-game", "TargetNotFound"),
        ),
        gone="TargetNotFound",
    ),
    "detach": Row(alone="NoTarget"),
    "regions": Row(refuses=(("regions heap,,stack", "WhereError"),)),
    "type": Row(refuses=(('type "i32', "UsageError"),)),
    "struct": Row(
        "structures",
        (
            ("struct load nothing.h", "CommandError"),
            ("struct bits { int few : 3; };", "DeclarationError"),
            ("struct open { int hp;", "DeclarationError"),
            ("struct mob = Struct(open('x'))", "DeclarationError"),
        ),
        setup=("struct player { int hp; };", 'struct mob = Struct("hp" / Int32ul)'),
    ),
    "where": Row(refuses=(("where 0x2..0x1", "WhereError"),)),
    "option": Row(
        refuses=(
            ("option threads 0", "UsageError"),
            ("option disk-budget much", "UsageError"),
            ("option directory /proc/1/nothing", "UsageError"),
            ("option soft-dirty maybe", "UsageError"),
        ),
        # there are matches
        examples=(("option pointer 4", "UsageError"),),
    ),
    "first": Row(
        refuses=(
            ("first changed", "ScanOrderError"),
            ("first now < @lunch", "ScanOrderError"),
            ("first 3_000_000_000", "ValueRangeError"),
            ('first "abc"', "ValueKindError"),
        ),
        examples=(("first ~= 3.14", "ValueKindError"),),
    ),
    "next": Row(
        refuses=(
            ("next now < @lunch", "ScanOrderError"),
            ("next 3_000_000_000", "ValueRangeError"),
            ('next "abc"', "ValueKindError"),
        ),
    ),
    "undo": Row(refuses=(("undo 9", "ScanOrderError"),)).on_a_scan(),
    "redo": Row(refuses=(("redo 9", "ScanOrderError"),), setup=("undo 2",)).on_a_scan(),
    "history": Row(
        "present history memory values disk", (("history go 99", "ScanOrderError"),)
    ).on_a_scan(),
    "snapshot": Row("name values bytes unreadable seconds", setup=("snapshot full",)).on_a_match(),
    "list": Row(
        "start type",
        (("list --csv /proc/a/b", "TableError"), ("list --force", "UsageError")),
    ),
    "delete": Row().on_a_match(),
    "set": Row(
        refuses=(
            ("set 0 3_000_000_000", "ValueRangeError"),
            ("set 0 many", "ValueKindError"),
            ("set 0 now <", "ExpressionError"),
            ("set 0 --force", "UsageError"),
        ),
        examples=(('set 0 "Ada"', "ValueKindError"), ("set 0.hp 9999", "TypeNameError")),
    ).on_a_match(),
    "unset": Row(setup=("set 0 5", "set 1 6"), unscanned="NotWritten"),
    "freeze": Row(
        "address location path type value allow every force active holding writes error",
        (
            ("freeze 0 5 --every 0", "UsageError"),
            ("freeze 0 many", "ValueKindError"),
            ("freeze 0 3_000_000_000", "ValueRangeError"),
            ("freeze 0x10 5", "MemoryFault"),
        ),
        examples=(("freeze 0.hp 100", "TypeNameError"),),
    ).on_a_match(),
    "unfreeze": Row(setup=("freeze 0", "freeze game+0x4010")).on_a_match(),
    "watch": Row(
        "looks alive samples",
        (("watch 0 --every 0", "UsageError"),),
        line="watch 0 --for 0",
        endless=("watch", "watch 0 game+0x4010", "watch 0..3"),
        examples=(("watch 0.hp", "TypeNameError"),),
    ).on_a_match(),
    "read": Row(
        refuses=(("read [heap] text", "TypeNameError"), ("read 0x10 i32", "MemoryFault")),
        examples=(("read 0.hp", "TypeNameError"),),
    ),
    "write": Row(
        "address value type location",
        (
            ("write hp soon", "ValueKindError"),
            ("write hp", "UsageError"),
            ("write 0..9 5", "MatchIndexError"),
            ("write [heap] u8 300", "ValueRangeError"),
            ("write [heap] u8 abc", "ValueKindError"),
            ("write 0x10 i32 5", "MemoryFault"),
            ("write 0x10 i32 5 --force", "MemoryFault"),
            ("write game u8 0", "MemoryFault"),
            ("write game u8 --force", "UsageError"),
        ),
        examples=(("write 0.hp 5", "TypeNameError"),),
    ),
    "hex": Row(
        "location size unreadable bytes type values", (("hex 0x10 16", "MemoryFault"),)
    ).on_a_match(),
    "patch": Row(
        "patch address location before after undo_at_exit forced",
        (('patch 0 ""', "UsageError"), ("patch 0x10 90", "MemoryFault")),
    ),
    "unpatch": Row(setup=("patch 0 90",), unscanned="NotPatched"),
    "who": Row(
        refuses=(
            ("who writes 0 --size 33", "ArgumentError"),
            ("who writes 0 --size many", "UsageError"),
            ("who writes 0 --for soon", "UsageError"),
            ("who writes 0 --by hand", "UsageError"),
        ),
        line="who writes 0 --for 0.05",
        endless=("who writes 0",),
    ).on_a_match(),
    "accesses": Row(
        refuses=(
            ("accesses 0x10", "MemoryFault"),
            ("accesses game!obey+0x283 --for soon", "UsageError"),
        ),
        line="accesses game!obey+0x283 --for 0.05",
        endless=("accesses game!obey+0x283",),
    ),
    "disassemble": Row(
        refuses=(("disassemble 0x10", "MemoryFault"),), line="disassemble game+0x1a03"
    ),
    "signature": Row(refuses=(("signature [heap]", "CodeError"),), line="signature game+0x1a03"),
    "nop": Row(refuses=(("nop 0x10", "MemoryFault"),), line="nop game+0x1a03"),
    "assemble": Row(
        refuses=(
            ("assemble 0x10 nop", "MemoryFault"),
            ("assemble game+0x1a03 mvo eax,1", "AssemblyError"),
            ("assemble game+0x1a03 here:", "UsageError"),
            ("assemble game+0x1a03 nop; mvo eax,1", "ScriptError"),
        ),
        line="assemble game+0x1a03 nop",
    ),
    "hook": Row(
        refuses=(
            ("hook 0x10 nop", "MemoryFault"),
            ("hook game+0x1a03 mvo eax,1", "ScriptError"),
            ("hook game+0x1a03 nop --original never", "UsageError"),
        ),
        line="hook game+0x1a03 nop",
    ),
    "pointer": Row(
        refuses=(("pointer [heap]->0->0", "PointerError"), ("pointer 0x10", "MemoryFault")),
        examples=(('pointer "game+0x4010 -> 0x18 -> 0x20" f32', "MemoryFault"),),
    ),
    "pointers": Row(
        "address type depth",
        (
            ("pointers scan", "UsageError"),
            ("pointers scan nowhere", "ExpressionError"),
            ("pointers scan 0 --compare nothing.ffmap", "PointerMapError"),
            ("pointers scan 0 --compare hunt.ff", "PointerMapError"),
            ("pointers scan 0 --compare first.ffmap=nowhere", "ExpressionError"),
            ("pointers scan 0 --bases nothing", "ArgumentError"),
            ("pointers scan 0 --min-offset 1024 --max-offset 8", "ArgumentError"),
            ("pointers map hunt.ff", "PointerMapError"),
            ("pointers map /proc/a/b", "PointerMapError"),
            ("pointers import nothing.PTR", "PointerMapError"),
            ("pointers import hunt.ff", "PointerMapError"),
            ("pointers export /proc/a/b", "PointerMapError"),
            ("pointers list --csv /proc/a/b", "TableError"),
            ("pointers check nowhere", "ExpressionError"),
            ("pointers check --value many", "ValueKindError"),
            ("read path:999", "MatchIndexError"),
        ),
        line="pointers scan 0",
        setup=("pointers map first.ffmap 0", "pointers scan 0"),
        alone="NoMatches",
        unscanned="NoMatches",
        gone="TargetGone",
    ),
    "table": Row(
        "name where type group note frozen allow",
        (
            ("table add [heap]->0->0 a", "PointerError"),
            ("table add 0 hp", "UsageError"),
            ("table add patch:7 x", "NotPatched"),
            ("table set hp soon", "ValueKindError"),
            ("table check nothing.CT --offline", "TableError"),
            ("table set hp 3_000_000_000", "ValueRangeError"),
        ),
        line="table add 0 more",
        alone="NoMatches",
        unscanned="NoMatches",
        gone="TargetGone",
        examples=(
            ("table add 0.hp health", "UsageError"),
            ("table add path:0..3 coins", "MatchIndexError"),
            ('table add patch:0 "no damage"', "NotPatched"),
            ('table on "no damage"', "TableError"),
        ),
    ),
    "save-memory": Row(
        refuses=(
            ("save-memory hunt.ff", "CoreFileError"),
            ("save-memory /proc/a/b", "CoreFileError"),
        )
    ),
    "save": Row(refuses=(("save /proc/a/b", "TableError"),)),
    "load": Row(
        refuses=(
            ("load nothing.json", "TableError"),
            ("load hunt.ff", "TableError"),
            ("load nothing.CT", "TableError"),
        ),
        examples=(("load --unsaved", "CommandError"),),
    ),
    "export": Row(refuses=(("export /proc/a.CT", "TableError"),)),
    "wait": Row(line="wait 0", endless=("wait forever",)),
    "expect": Row(
        refuses=(
            ("expect matches == many", "UsageError"),
            ("expect matches == 2", "Unexpected"),
            ("expect value 0 == soon", "ValueKindError"),
            ("expect value 0 now <", "UsageError"),
            ("expect value 0x10 == 1", "MemoryFault"),
            ("expect value 0x7f0012345678 changed", "ScanOrderError"),
        ),
        line="expect value 0 == 5",
        setup=("write GOLD i64 1500", "first 1500", "set 0 5", "write 0x7f0012345678 i32 5"),
    ).on_a_match(),
    "until": Row(
        refuses=(
            ("until --for 0 value 0x7f0012345678 == 1_000_000", "Unexpected"),
            ("until value 0x10 == 1", "MemoryFault"),
            ("until --for 0 alive --for 2", "UsageError"),
            ("until matches == 77 do lst", "UsageError"),
        ),
        line="until value 0 == 5",
        setup=("write GOLD i64 1500", "first 1500", "set 0 5", "write 0x7f0012345678 i32 500"),
    ).on_a_match(),
    "let": Row(
        refuses=(
            ("let 2x = 1", "UsageError"),
            ("let nobody", "UsageError"),
            ("let x value 0x10", "MemoryFault"),
        ),
        line="let x value 0",
        setup=("let before = 1",),
    ).on_a_match(),
    "source": Row(
        refuses=(("source nothing.ff", "UsageError"), ("source broken.ff", "ScriptStopped")),
        alone="ScriptStopped",
        gone="ScriptStopped",
    ),
    "help": Row("commands"),
}


def row_of(command: Command) -> Row:
    """All that a command needs, answers and refuses: what it declares, and its row."""
    row = ROWS.get(command.name, Row())
    alone, unscanned, gone = MISSING[command.needs]
    return row._replace(
        fields=f"{command.answers} {row.fields}",
        refuses=(*refused(command), *row.refuses),
        alone=alone if row.alone is None else row.alone,
        unscanned=unscanned if row.unscanned is None else row.unscanned,
        gone=gone if row.gone is None else row.gone,
    )
