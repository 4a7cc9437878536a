"""Groups of a table that do something to what is in them."""

from __future__ import annotations

from typing import Final, NamedTuple

from ..errors import TableError
from .entry import check_text

#: What a group may do, and what Cheat Engine calls it.
OPTIONS: Final = {
    "switch-on": "moActivateChildrenAsWell",
    "switch-off": "moDeactivateChildrenAsWell",
    "write": "moRecursiveSetValue",
    "hide-while-off": "moHideChildren",
    "hide": "moAlwaysHideChildren",
}


class TableGroup(NamedTuple):
    """What a group does to what is in it.

    Attributes:
        path: of it; ``/`` divides groups in groups.
        options: ``switch-on`` and ``switch-off``: its scripts are switched with the script that
            heads it; ``write``: its values are written with the value that heads it;
            ``hide-while-off`` and ``hide``: what is in it is not listed, while its script is off or
            at all.
        head: the name of the entry or script that heads it; "" where it only has a name.

    >>> TableGroup("player", ("hide",)).head
    ''
    """

    path: str
    options: tuple[str, ...]
    head: str = ""


def fields_of_group(group: TableGroup) -> dict[str, object]:
    """What a file says of a group."""
    fields: dict[str, object] = {"path": group.path, "options": list(group.options)}
    return {**fields, "head": group.head} if group.head else fields


def group_of(fields: object) -> TableGroup:
    """The group that an object of JSON is.

    Raises:
        TableError: it is none.
    """
    needed = {"path", "options"}
    if not isinstance(fields, dict) or not needed <= fields.keys() <= needed | {"head"}:
        raise TableError("", "has a path, options, perhaps a head, and no more")
    path, options, head = fields["path"], fields["options"], fields.get("head", "")
    check_text("path", path, needed=True)
    check_text("head", head, needed=False)
    if not isinstance(options, list) or not all(
        isinstance(option, str) and option in OPTIONS for option in options
    ):
        raise TableError("", f"options are of {', '.join(OPTIONS)}")
    return TableGroup(path, tuple(dict.fromkeys(options)), head)
