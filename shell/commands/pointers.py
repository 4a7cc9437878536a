"""pointers: find the pointer paths by which a value is found again in every run."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from farfetch.scanner import (
    ExpressionError,
    FarfetchError,
    format_address,
    parse_value,
)

from ..answers import quantities, values
from ..answers.result import Json, Result
from ..command import Alternatives, Argument, Category, Command, Form, Given, Option
from ..command.kinds import COUNT, CSV, FILE, OVERWRITE
from ..command.paging import PAGE, wanted
from ..command.pointer_kinds import (
    DEPTH,
    FILTERED,
    GOAL,
    MODULES,
    OFFSET,
    OFFSETS,
    OTHER,
    REGIONS,
    VALUE_WORD,
)
from ..errors import UsageError
from ..session import csv_rows, found_paths, places, pointer_scan
from ..session.pointer_scan import FEW, WIDER, Compared, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from farfetch.scanner import PointerMap

    from ..session.session import Session

#: Paths that check looks at, the best first.
CHECKED = 100_000


def run(session: Session, given: Given) -> Result:
    """Make a map, scan it, and show, check or list what was found."""
    return _ACTIONS[given.action](session, given)


def _state(session: Session, given: Given) -> Result:  # noqa: ARG001
    pointers = session.hunt.map
    if pointers is None:
        said = "no pointer map; pointers scan WHERE makes one, and finds the paths to WHERE"
        return Result(
            {**found_paths.fields(session), "map": None}, (said, *found_paths.counted(session))
        )
    return Result(
        {**found_paths.fields(session), "map": found_paths.map_fields(pointers)},
        (found_paths.map_said(pointers), *found_paths.counted(session)),
    )


def _make(session: Session, given: Given) -> Result:
    goal = places.find(session, _which(given.goal)).address if given.goal else None
    pointers = pointer_scan.make_map(session, str(given.where), goal)
    pointers.save(given.file, force=given.force)
    fields: dict[str, Json] = {
        **found_paths.fields(session),
        "map": found_paths.map_fields(pointers),
        "file": str(given.file),
    }
    led = f", made for {format_address(goal)}" if goal is not None else ""
    return Result(fields, (f"{found_paths.map_said(pointers)}, saved in {given.file}{led}",))


def _scan(session: Session, given: Given) -> Result:
    if given.goal is None and not (given.map or given.kept):
        raise UsageError("pointers scan: WHERE is missing, as in pointers scan 0")
    others = [_other(session, one) for one in given.compare]
    pointers, address = _mapped(session, given)
    asked: dict[str, Any] = {
        "min_offset": given.min_offset,
        "bases": given.bases,
        "ends_with": given.ends_with,
        "within": given.within,
        "not_through": given.not_through,
    }
    strangers = _strangers(pointers, [other for other, _ in others])
    try:
        limits = pointer_scan.scan(session, pointers, address, _limits(given), others, **asked)
    finally:
        for other, _ in others:
            other.close()
    answer = found_paths.page(session, range(min(found_paths.ROWS, session.hunt.total)))
    said = found_paths.counted(session, limits)
    changed = getattr(session.hunt.paths, "changed", ())
    if changed:
        said.append(_changed_said(pointers, changed))
    if strangers:
        said.append(
            f"compared with another program, {', '.join(strangers)}: hardly any path is in both"
        )
    said += _advice(session, given, compared=bool(others))
    fields: dict[str, Json] = {
        **answer.fields,
        "address": format_address(address),
        "type": values.type_label(_type(session)),
        "depth": limits.depth,
        "max_offset": limits.max_offset,
        "modules": dict(session.hunt.modules),
        "changed": list(changed),
        "strangers": list(strangers),
        "map": found_paths.map_fields(pointers),
    }
    return Result(fields, (*answer.blocks, *said))


def _changed_said(pointers: PointerMap, changed: Sequence[str]) -> str:
    program = pointers.moment.program.rpartition("/")[2]
    listed = ", ".join(changed)
    if changed[0].strip('"').partition("[")[0] == program or changed[0].lower().endswith(".exe"):
        return f"the program itself is another build in another map: paths may err ({listed})"
    return f"another build in another map, so its paths may err: {listed}"


def _strangers(pointers: PointerMap, others: Sequence[PointerMap]) -> list[str]:
    """What other maps are of, where that is neither called as the program of one is, nor built."""
    ours = _programs(pointers)
    return [
        other.moment.name
        for other in others
        if ours and (theirs := _programs(other)) and not ours & theirs
    ]


def _programs(pointers: PointerMap) -> set[str]:
    """Names and builds of a map's programs: of Windows' ones where there are some."""
    moment = pointers.moment
    known = [*zip(moment.modules, moment.builds, strict=True)]
    of_windows = [pair for pair in known if pair[0].name.lower().endswith(".exe")]
    programs = of_windows or [pair for pair in known if pair[0].path == moment.program]
    return {text for module, build in programs for text in (module.name.lower(), build) if text}


def _mapped(session: Session, given: Given) -> tuple[PointerMap, int]:
    """The map that is to be scanned, and the address in it."""
    if not (given.map or given.kept):
        place = places.find(session, _which(given.goal))
        pointers = pointer_scan.make_map(session, str(given.where), place.address)
        session.hunt.type = place.type
        return pointers, place.address
    if given.map:
        session.hunt.map = pointer_scan.load_map(session, given.map)
    kept = session.hunt.map
    if kept is None:
        raise UsageError("pointers scan --kept: no map was made yet; pointers scan WHERE makes one")
    if given.goal is None:
        return kept, _goal(kept, "the map")
    return kept, _in_map(session, kept, given.goal)


def _in_map(session: Session, pointers: PointerMap, text: str) -> int:
    """An address of when a map was made; of now, for what only the session knows."""
    try:
        if places.is_index(text):
            return _now(session, text)
        return pointer_scan.address_in(pointers, text)
    except ExpressionError:
        if session.target is None:
            raise
        return _now(session, text)


def _now(session: Session, text: str) -> int:
    place = places.find(session, _which(text))
    session.hunt.type = place.type
    return place.address


def _other(session: Session, compared: Compared) -> tuple[PointerMap, int]:
    pointers = pointer_scan.load_map(session, compared.file)
    try:
        if compared.where:
            return pointers, pointer_scan.address_in(pointers, compared.where)
        return pointers, _goal(pointers, str(compared.file))
    except FarfetchError:
        pointers.close()
        raise


def _goal(pointers: PointerMap, called: str) -> int:
    if pointers.goal is None:
        raise UsageError(f"{called} does not say where the value was: say it, as in FILE=0x7f12")
    return pointers.goal


def _type(session: Session) -> Any:
    """The type of the value at the end of the paths."""
    return session.settings.type if session.hunt.type is None else session.hunt.type


def _which(text: str) -> int | str:
    return int(text) if places.is_index(text) else text


def _import(session: Session, given: Given) -> Result:
    from farfetch.scanner import import_paths  # of files that most runs do without

    paths = list(islice(import_paths(given.file), CHECKED + 1))
    more = len(paths) > CHECKED
    session.hunt.keep(paths[:CHECKED])
    answer = found_paths.page(session, range(min(found_paths.ROWS, session.hunt.total)))
    said = f"{quantities.count(session.hunt.total, 'path')} taken from {given.file}"
    said += "; there are more, which were left" if more else ""
    fields: dict[str, Json] = {**answer.fields, "file": str(given.file), "more": more}
    return Result(fields, (*answer.blocks, said, *found_paths.footer(session)))


def _export(session: Session, given: Given) -> Result:
    from farfetch.scanner import export_paths

    if not session.hunt.total:
        raise UsageError("pointers export: there are no paths; pointers scan WHERE finds some")
    best = session.hunt.page(range(given.count))
    written = export_paths(best, given.file, force=given.force)
    said = f"{quantities.count(written, 'path')} written to {given.file}"
    if written < len(best):
        said += f"; {len(best) - written:,} cannot be said there"
    fields: dict[str, Json] = {
        **found_paths.fields(session),
        "file": str(given.file),
        "written": written,
    }
    return Result(fields, (said,))


def _limits(given: Given) -> Iterator[Limits]:
    """What is tried: wider and wider, but for what was said."""
    seen = set()
    for depth, max_offset in WIDER:
        limits = Limits(
            depth if given.depth is None else given.depth,
            max(given.min_offset, max_offset) if given.max_offset is None else given.max_offset,
        )
        if limits not in seen:
            seen.add(limits)
            yield limits


def _list(session: Session, given: Given) -> Result:
    if given.csv:
        return _write(session, given)
    known = session.hunt
    page = wanted(given, known.listed, known.total, found_paths.ROWS)
    answer = found_paths.page(session, page)
    return Result(answer.fields, (*answer.blocks, *found_paths.footer(session)))


def _write(session: Session, given: Given) -> Result:
    known = session.hunt
    if not known.total:
        raise UsageError("pointers list --csv: there are no paths; pointers scan WHERE finds some")
    rows = wanted(given, known.listed, known.total, found_paths.ROWS, unsaid=CHECKED)
    written = csv_rows.write_paths(session, given.csv, rows, force=given.force)
    said = f"{quantities.count(written, 'path')} written to {given.csv}"
    if written < known.total:
        said += f", of {known.total:,}"
    fields: dict[str, Json] = {
        **found_paths.fields(session),
        "file": str(given.csv),
        "written": written,
    }
    return Result(fields, (said,))


def _check(session: Session, given: Given) -> Result:
    if not session.hunt.total:
        raise UsageError("pointers check: there are no paths; pointers scan WHERE finds some")
    address, kind, value = None, _type(session), None
    if given.goal is not None:
        place = places.find(session, _which(given.goal))
        address, kind = place.address, place.type
    if given.value is not None:
        value = parse_value(kind, given.value, bits=session.attached.bits)
    before = session.hunt.total
    looked, left = pointer_scan.narrow(session, address, kind, value, given.count)
    said = (
        f"{quantities.count(left, 'path')} of {looked:,} {'leads' if left == 1 else 'lead'} there"
    )
    if looked == given.count < before:
        said += f"; only the best of {before:,} were looked at"
    answer = found_paths.page(session, range(min(found_paths.ROWS, left)))
    return Result(
        {**answer.fields, "checked": looked}, (*answer.blocks, said, *found_paths.footer(session))
    )


def _advice(session: Session, given: Given, *, compared: bool) -> list[str]:
    """What to try next."""
    total = session.hunt.total
    if total > FEW and not compared:
        return [
            "start the program anew, find the value again and scan with --compare FILE, where "
            "pointers map FILE WHERE wrote FILE in this run: what holds in both is left"
        ]
    if total:
        return found_paths.footer(session)
    tried = "--where all looks at what cannot be written, too"
    if given.min_offset >= 0:
        tried += ", --min-offset -512 also goes back"
    if compared:
        tried += "; without --compare, one run alone shows whether there are any"
    return [f"{tried}; check that WHERE is the value itself, and not a copy of it"]


_ACTIONS: dict[str, Callable[[Session, Given], Result]] = {
    "": _state,
    "map": _make,
    "scan": _scan,
    "list": _list,
    "check": _check,
    "import": _import,
    "export": _export,
}

POINTERS = Command(
    name="pointers",
    category=Category.MEMORY,
    summary="find the pointer paths that lead to a value in every run",
    details="WHERE is a match's index, an address, or an entry of the table. scan maps all "
    "pointers of the target as they are now, counts the paths that lead from a module to WHERE, "
    "and shows the best: fewest pointers, from the program itself before its libraries, smallest "
    f"offsets. It looks at {WIDER[0][0]} pointers and offsets up to {WIDER[0][1]} first, and "
    f"farther as long as no more than {FEW} paths are found, unless --depth and --max-offset say "
    "how far. Many paths lead there by chance. So map writes the pointers to FILE, with where the "
    "value is (over what is no pointer map only with --force); start the program anew, find the "
    "value again, and scan it with --compare FILE, once for each such file: only what holds in all "
    "of them is left. --bases takes modules that paths may begin in, with commas between them, "
    "--ends-with the last offsets, --within and --not-through filters of regions for the pointers "
    "on the way, as help "
    "where names them, --min-offset how far back a step may go. --bases stacks, or stack[0], takes "
    "threads' stacks. --map scans a file instead of the "
    "target, --kept the map that was made last. list turns the pages, and with --csv "
    "writes the best to a file for spreadsheets. check keeps those that lead "
    "to WHERE, or to VALUE, in the target as it is now: after a new start, say. path:0 stands for "
    "the best path wherever an address does, path:0..3 in table add for the best four. import "
    "takes the paths of a .PTR file of Cheat Engine's, export writes one; maps may be .scandata "
    "files of its. Ctrl-C stops and keeps the map and what was listed.",
    examples=(
        "pointers map first.ffmap 0",
        "pointers scan 0",
        "pointers scan 0 --compare first.ffmap",
        "pointers scan 0 --compare first.ffmap=0x7f0012345678 --depth 4",
        "pointers scan --map first.ffmap --bases game",
        "pointers list +",
        "pointers check 0",
        "pointers export game.PTR",
        "pointers import game.PTR",
        "pointers",
    ),
    run=run,
    arguments=(
        Alternatives(
            (
                Form(
                    (Argument("file", FILE), Argument("goal", GOAL, optional=True)),
                    (FILTERED, OVERWRITE),
                    ("map",),
                    "write all pointers to a file",
                ),
                Form(
                    (Argument("goal", GOAL, optional=True),),
                    (
                        Option("--compare", "what holds in this map, too", OTHER, repeated=True),
                        Option("--depth", "pointers at the most", DEPTH),
                        Option("--max-offset", "bytes that a step adds at the most", OFFSET),
                        Option("--min-offset", "at the least", OFFSET, default=0),
                        Option("--bases", "where paths begin", MODULES, default="modules"),
                        Option("--ends-with", "the last offsets", OFFSETS, default=()),
                        Option("--within", "where pointers lie", REGIONS),
                        Option("--not-through", "where none lies", REGIONS),
                        FILTERED,
                        Option("--map", "instead of the target", FILE),
                        Option("--kept", "with the map made last"),
                    ),
                    ("scan",),
                    "find the paths to a value",
                ),
                Form((PAGE,), CSV, ("list",), "a page of the paths"),
                Form(
                    (Argument("goal", GOAL, optional=True),),
                    (
                        Option("--value", "that is at the end", VALUE_WORD),
                        Option("--count", "paths that are looked at", COUNT, default=CHECKED),
                    ),
                    ("check",),
                    "keep those that lead there now",
                ),
                Form((Argument("file", FILE),), (), ("import",), "take Cheat Engine's .PTR"),
                Form(
                    (Argument("file", FILE),),
                    (Option("--count", "of the best paths", COUNT, default=CHECKED), OVERWRITE),
                    ("export",),
                    "write Cheat Engine's .PTR",
                ),
            ),
            optional=True,
        ),
    ),
    answers="total exact paths",
)
