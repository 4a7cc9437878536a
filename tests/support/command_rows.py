"""What each command needs, answers and refuses: a row a command, held to by test_every_command.

To add a command, add its row to :data:`ROWS`: its JSON fields, the lines that it refuses with
their errors, and what it does without a target, without a scan and on a target that has ended.
Lines run in a session that is made as :data:`PREPARE` says, on the ``game`` of ``targets/``.
In them, and in examples, what :func:`places` lists stands for places of that game.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

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
MAKE = ("table add 0x7f0012345678 hp --type i32", "save game.json", "export game.CT")
FILES = {
    "hunt.ff": "list 1\n",
    "broken.ff": "list 1\nlst\n",
    "game.h": "struct npc { int hp; };\n",
}


class Row(NamedTuple):
    """What a command needs, answers and refuses.

    Attributes:
        fields: of its JSON answer, beside command and ok.
        refuses: lines with the type of the error that each ends with.
        alone: the type of the error without a target; "" where it works.
        unscanned: the same on a target without a scan.
        gone: the same on a target that has ended.
        line: what is run for these; the first example when "".
        setup: run behind PREPARE.
        examples: the types of errors that examples of its help end with on this game.
        endless: examples that go on until the target ends.
        free: why nothing is offered at its first argument, which it has.
    """

    fields: str
    refuses: tuple[tuple[str, str], ...] = ()
    alone: str = ""
    unscanned: str = ""
    gone: str = ""
    line: str = ""
    setup: tuple[str, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()
    endless: tuple[str, ...] = ()
    free: str = ""

    def needs_target(self) -> Row:
        """A row of a command that does nothing without a target."""
        return self._replace(alone="NoTarget", gone="TargetGone")

    def needs_matches(self) -> Row:
        """A row of a command that works on the matches in a target."""
        return self.needs_target()._replace(unscanned="NoMatches")

    def needs_scan(self) -> Row:
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
        "attach 1234": f"attach {game.pid}",
        "attach game": f"attach {game.pid}",
        "--wait 60": "--wait 0.1",
    }


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


ROWS: dict[str, Row] = {
    "ps": Row("processes"),
    "attach": Row(
        "pid name memory bits",
        (
            ("attach", "UsageError"),
            ('attach "game', "UsageError"),
            ("attach game --wait soon", "UsageError"),
            ("attach 4194305", "TargetNotFound"),
            ("attach no-such-game", "TargetNotFound"),
        ),
        gone="TargetNotFound",
    ),
    "detach": Row("pid name", (("detach now", "UsageError"),), alone="NoTarget"),
    "info": Row(
        "pid name memory alive isa threads type align where matches steps frozen not_held",
        (("info all", "UsageError"),),
    ),
    "regions": Row(
        "total bytes resident dirty regions",
        (("regions nowhere", "WhereError"), ("regions heap,,stack", "WhereError")),
    ).needs_target(),
    "type": Row("type", (("type i33", "TypeNameError"), ('type "i32', "UsageError"))),
    "struct": Row(
        "structures",
        (
            ("struct nobody", "TypeNameError"),
            ("struct player mob", "UsageError"),
            ("struct drop", "UsageError"),
            ("struct drop nobody", "TypeNameError"),
            ("struct load", "UsageError"),
            ("struct load nothing.h", "CommandError"),
            ("struct bits { int few : 3; };", "DeclarationError"),
            ("struct open { int hp;", "DeclarationError"),
            ("struct mob = Struct(open('x'))", "DeclarationError"),
        ),
        setup=("struct player { int hp; };", 'struct mob = Struct("hp" / Int32ul)'),
    ),
    "align": Row(
        "align",
        (
            ("align 0", "AlignError"),
            ("align -1", "AlignError"),
            ("align four", "UsageError"),
            ("align 1 2", "UsageError"),
        ),
    ),
    "where": Row("where", (("where nowhere", "WhereError"), ("where 0x2..0x1", "WhereError"))),
    "option": Row(
        "options",
        (
            ("option speed", "UsageError"),
            ("option threads 0", "UsageError"),
            ("option disk-budget much", "UsageError"),
            ("option directory /proc/1/nothing", "UsageError"),
            ("option soft-dirty maybe", "UsageError"),
        ),
        # there are matches
        examples=(("option pointer 4", "UsageError"),),
    ),
    "first": Row(
        "matches bytes unreadable seconds type",
        (
            ("first now ==", "ExpressionError"),
            ("first changed", "ScanOrderError"),
            ("first now < @lunch", "ScanOrderError"),
            ("first 3_000_000_000", "ValueRangeError"),
            ('first "abc"', "ValueKindError"),
        ),
        examples=(("first ~= 3.14", "ValueKindError"),),
    ).needs_target(),
    "next": Row(
        "matches bytes unreadable seconds type",
        (
            ("next", "UsageError"),
            ("next now ==", "ExpressionError"),
            ("next now < @lunch", "ScanOrderError"),
            ("next 3_000_000_000", "ValueRangeError"),
            ('next "abc"', "ValueKindError"),
        ),
    ).needs_matches(),
    "pattern": Row(
        "matches bytes unreadable seconds type",
        (
            ("pattern", "UsageError"),
            ("pattern 7F --where", "UsageError"),
            ("pattern 7F --where nowhere", "WhereError"),
            ("pattern 7G", "ExpressionError"),
        ),
        free="bytes",
    ).needs_target(),
    "undo": Row(
        "matches steps",
        (("undo 9", "ScanOrderError"), ("undo x", "UsageError"), ("undo 1 2", "UsageError")),
        free="a number of steps",
    ).needs_scan(),
    "redo": Row(
        "matches steps",
        (("redo 9", "ScanOrderError"), ("redo x", "UsageError")),
        setup=("undo 2",),
        free="a number of steps",
    ).needs_scan(),
    "history": Row(
        "present history memory disk",
        (
            ("history up", "UsageError"),
            ("history go", "UsageError"),
            ("history go 99", "ScanOrderError"),
        ),
    ).needs_scan(),
    "snapshot": Row(
        "name values bytes unreadable seconds",
        (
            ("snapshot 2x", "UsageError"),
            ("snapshot a b", "UsageError"),
            ("snapshot drop", "UsageError"),
            ("snapshot drop nothing", "ScanOrderError"),
        ),
        setup=("snapshot full",),
    ).needs_matches(),
    "reset": Row("matches", (("reset now", "UsageError"),)),
    "list": Row(
        "total start type matches",
        (
            ("list many", "UsageError"),
            ("list 1 many", "UsageError"),
            ("list + 3", "UsageError"),
        ),
    ).needs_target(),
    "map": Row(
        "total not_drawn regions",
        (("map nowhere", "WhereError"),),
    ).needs_matches(),
    "set": Row(
        "written failed",
        (
            ("set", "UsageError"),
            ("set x 5", "UsageError"),
            ("set 0", "UsageError"),
            ("set 999999 5", "MatchIndexError"),
            ("set 0 3_000_000_000", "ValueRangeError"),
            ("set 0 many", "ValueKindError"),
            ("set 0 now <", "ExpressionError"),
            ("set 0 --force", "UsageError"),
        ),
        examples=(
            ('set 0 "Ada"', "ValueKindError"),
            ("set 0.hp 9999", "TypeNameError"),
        ),
    ).needs_matches(),
    "freeze": Row(
        "address location path type value allow every force active holding writes error",
        (
            ("freeze 0 5 --allow up", "UsageError"),
            ("freeze 0 5 --every 0", "UsageError"),
            ("freeze 999999", "MatchIndexError"),
            ("freeze 0 many", "ValueKindError"),
            ("freeze 0 3_000_000_000", "ValueRangeError"),
            ("freeze 0x10 5", "MemoryFault"),
            ("freeze nowhere", "ExpressionError"),
        ),
        examples=(("freeze 0.hp 100", "TypeNameError"),),
    ).needs_matches(),
    "unfreeze": Row(
        "unfrozen addresses",
        (
            ("unfreeze 1", "NotFrozen"),
            ("unfreeze 999999", "MatchIndexError"),
            ("unfreeze nowhere", "ExpressionError"),
            ("unfreeze 0 1", "UsageError"),
        ),
        setup=("freeze 0", "freeze game+0x4010"),
    ).needs_matches(),
    "watch": Row(
        "entries looks alive samples",
        (
            ("watch 0 --for soon", "UsageError"),
            ("watch 0 --every 0", "UsageError"),
            ("watch 999999", "MatchIndexError"),
            ("watch nowhere", "ExpressionError"),
        ),
        line="watch 0 --for 0",
        endless=("watch", "watch 0 game+0x4010"),
        examples=(("watch 0.hp", "TypeNameError"),),
    ).needs_matches(),
    "read": Row(
        "address value type location",
        (
            ("read", "UsageError"),
            ("read nowhere", "ExpressionError"),
            ("read [heap] i33", "TypeNameError"),
            ("read [heap] text", "TypeNameError"),
            ("read 0x10 i32", "MemoryFault"),
        ),
        examples=(("read 0.hp", "TypeNameError"),),
    ).needs_target(),
    "write": Row(
        "address value type location",
        (
            ("write [heap] u8", "UsageError"),
            ("write nowhere u8 1", "ExpressionError"),
            ("write [heap] u9 1", "TypeNameError"),
            ("write [heap] u8 300", "ValueRangeError"),
            ("write [heap] u8 abc", "ValueKindError"),
            ("write 0x10 i32 5", "MemoryFault"),
            ("write 0x10 i32 5 --force", "MemoryFault"),
            ("write game u8 0", "MemoryFault"),
            ("write game u8 --force", "UsageError"),
        ),
        examples=(("write 0.hp 5", "TypeNameError"),),
    ).needs_target(),
    "hex": Row(
        "address location size unreadable bytes type values",
        (
            ("hex", "UsageError"),
            ("hex 0 0", "UsageError"),
            ("hex 0 many", "UsageError"),
            ("hex 0 1 2", "UsageError"),
            ("hex nowhere", "ExpressionError"),
            ("hex 999999", "MatchIndexError"),
            ("hex 0x10 16", "MemoryFault"),
        ),
    ).needs_matches(),
    "patch": Row(
        "patch address location before after undo_at_exit forced",
        (
            ("patch 0", "UsageError"),
            ('patch 0 ""', "UsageError"),
            ("patch 0 xyz", "ValueKindError"),
            ("patch 999999 90", "MatchIndexError"),
            ("patch nowhere 90", "ExpressionError"),
            ("patch 0x10 90", "MemoryFault"),
        ),
    ).needs_target(),
    "unpatch": Row(
        "unpatched addresses",
        (
            ("unpatch five", "UsageError"),
            ("unpatch 1 2", "UsageError"),
            ("unpatch 5", "NotPatched"),
        ),
        setup=("patch 0 90",),
        unscanned="NotPatched",
    ).needs_target(),
    "pointer": Row(
        "path steps address type value",
        (
            ("pointer", "UsageError"),
            ("pointer [heap]->0->0", "PointerError"),
            ("pointer [heap]->soon", "PointerError"),
            ("pointer nowhere", "ExpressionError"),
            ("pointer [heap] i33", "TypeNameError"),
            ("pointer 0x10", "MemoryFault"),
        ),
        examples=(('pointer "game+0x4010 -> 0x18 -> 0x20" f32', "MemoryFault"),),
    ).needs_target(),
    "table": Row(
        "name where type group note frozen allow",
        (
            ("table sell hp", "UsageError"),
            ("table add 0", "UsageError"),
            ("table add 0 hp", "UsageError"),
            ("table add 0 a --type i33", "TableError"),
            ("table add 999999 a", "MatchIndexError"),
            ("table add nowhere a", "ExpressionError"),
            ("table add [heap]->0->0 a", "PointerError"),
            ("table set nobody 1", "TableError"),
            ("table set hp soon", "ValueKindError"),
            ("table set hp 3_000_000_000", "ValueRangeError"),
        ),
        line="table add 0 more",
        alone="NoMatches",
        unscanned="NoMatches",
        gone="TargetGone",
        examples=(("table add 0.hp health", "UsageError"),),
    ),
    "save": Row(
        "file entries",
        (("save", "UsageError"), ("save a b", "UsageError"), ("save /proc/a/b", "TableError")),
    ),
    "load": Row(
        "file entries frozen failed report",
        (
            ("load", "UsageError"),
            ("load game.json --thaw", "UsageError"),
            ("load game.json --force", "UsageError"),
            ("load nothing.json", "TableError"),
            ("load hunt.ff", "TableError"),
            ("load nothing.CT", "TableError"),
        ),
    ),
    "export": Row(
        "file entries report",
        (("export", "UsageError"), ("export x", "UsageError"), ("export /proc/a.CT", "TableError")),
    ),
    "wait": Row(
        "seconds alive not_held",
        (("wait", "UsageError"), ("wait soon", "UsageError"), ("wait -1", "UsageError")),
        line="wait 0",
        endless=("wait forever",),
    ).needs_target(),
    "expect": Row(
        "condition seen not_held",
        (
            ("expect", "UsageError"),
            ("expect lunch", "UsageError"),
            ("expect matches == many", "UsageError"),
            ("expect alive --for ever", "UsageError"),
            ("expect matches == 2", "Unexpected"),
            ("expect value 1 == 5", "MatchIndexError"),
            ("expect value nowhere == 5", "ExpressionError"),
            ("expect value 0 == soon", "ValueKindError"),
            ("expect value 0x10 == 1", "MemoryFault"),
        ),
        line="expect value 0 == 5",
        setup=(
            "write GOLD i64 1500",
            "first 1500",
            "set 0 5",
            "write 0x7f0012345678 i32 5",
        ),
    ).needs_matches(),
    "let": Row(
        "variables",
        (
            ("let 2x = 1", "UsageError"),
            ("let x of 1", "UsageError"),
            ("let x value", "UsageError"),
            ("let nobody", "UsageError"),
            ("let x value 999999", "MatchIndexError"),
            ("let x address nowhere", "ExpressionError"),
            ("let x value 0x10", "MemoryFault"),
        ),
        line="let x value 0",
        setup=("let before = 1",),
    ).needs_matches(),
    "source": Row(
        "file lines",
        (
            ("source", "UsageError"),
            ("source nothing.ff", "UsageError"),
            ("source broken.ff", "ScriptStopped"),
        ),
        alone="ScriptStopped",
        gone="ScriptStopped",
    ),
    "help": Row("commands", (("help lst", "UsageError"), ("help a b", "UsageError"))),
    "quit": Row("", (("quit now", "UsageError"),)),
}
