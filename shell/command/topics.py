"""What help says of things that are no commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Topic:
    """Something to read about.

    Attributes:
        name: what it is asked for by.
        summary: what it is about.
        details: paragraphs; a line that is indented stays as it is.
        examples: lines to try.
    """

    name: str
    summary: str
    details: str
    examples: tuple[str, ...]


PREDICATES: Final = """\
A line that is only a predicate is a first scan, or a next one while there are
matches:
  100   -5   1..5   "abc"   that value, or one in that range
  > 50   <= 3   != 0        compared with a number
  >   <   =   !=            increased, decreased, unchanged, changed
  + 5   - 5                 changed by that much since the last scan
  ?                         any value
  now < prev and now > first/2
                            the whole language: now, prev (at the last scan),
                            first; + - * / % & | ^ << >> ~ abs(); == != < <=
                            > >= in A..B; and or not; changed increased …"""

_PREDICATES: Final = Topic(
    "predicates",
    "what a scan can be asked for",
    f"""{PREDICATES}
A constant beside a value has to fit its type; what is computed is exact, and for floats rounded \
as \
the type is. A step on floats, + 0.1, is one that is shown so.
  now ~= 3.1                a decimal as it is shown, rounded
  now ~= 3.1 truncated      its further digits cut off
  now ~= 3.1 +- 0.2         no farther away than that
  @lunch                    the value in the snapshot of that name
  hp < max_hp               fields, where the type is a structure
  "gold"i                   text in any case
  48 8B ?? ?F               bytes with wildcards, where the type is bytes
  regex("HP:[0-9]+")        a regular expression, over bytes""",
    ("100", "now in 90..110 and decreased", "now ~= 79.9", "changed and not now == 0"),
)
_NUMBER: Final = Topic(
    "number",
    "values of a type that nobody knows yet: number and any",
    """type number looks at each address for an i32, an i64, an f32 and an f64 at once; type any \
for \
integers of every width, signed and not, and both floats, each at multiples of its own size.
Each type is narrowed by itself: a match is of those types that have fulfilled every predicate so \
far, and list shows which. Its value is shown as the first of them.
set, write and freeze write a value as the first of a match's types that takes it: 2.5 as the f32 \
where it may be an i32 or an f32.
any finds what number misses, such as 16 bits of health, takes about twice as long, and has more \
matches that are there by chance. hex shows each four bytes as the float that they are where that \
is likely, and else as the i32; its last line has all types at the cursor.""",
    ("type number", "type any", "list", "set 0 200"),
)
_TEXT: Final = Topic(
    "text",
    "text and bytes",
    """type text is UTF-8, utf16 is what Windows keeps, text:shift-jis and the like are any \
encoding \
that Python knows. text[16] has 16 bytes; without a length it has that of the text looked for.
  "gold"                    that text
  "gold"i                   with letters of any case
type bytes finds bytes, with ? for a digit that may be any, and regular expressions; pattern finds \
them without touching the settings, in code, too.""",
    ("type text", '"gold"i', "pattern 48 8B ?? ?F", "type text:shift-jis"),
)
_PLACES: Final = Topic(
    "places",
    "how to say where a value is",
    """set, write, freeze, watch, hex and others take places alike:
  0   0..3   *              matches, by their numbers in list
  hp                        an entry of the table
  0x7f12a0                  an address, of the type that type says
  game+0x4010               in a module, and so in the next run
  [heap]+0x10               in the heap
  /memfd:emu+0x20           in a mapping that has a name
  game+0x10->0x18           where a pointer leads, and 0x18 behind
  path:0                    a path that pointers scan has found
  0.hp   ADDR.hp            a field of a structure
  0,2,hp                    several of these""",
    ("set 0..3 5", "freeze hp 100", "watch 0,game+0x4010", "hex game+0x10->0x18"),
)
_SCRIPTS: Final = Topic(
    "scripts",
    "commands in a file, from a pipe, or with -c",
    """A script has a command a line, as they are typed; # begins a comment. It ends at the first \
that \
fails. $NAME is a variable, of let or of --let NAME=TEXT.
  farfetch -p game hunt.ff
  farfetch -p game -c 'type i32' -c 100 -c list
  farfetch --json           an object of JSON a command, for programs
expect says what must be so, until repeats a line until it is, wait keeps frozen values held.""",
    ("source hunt.ff", "expect matches == 1", "until --for 60 matches == 1 do unchanged"),
)

#: In the order to show them, by name.
TOPICS: Final = {topic.name: topic for topic in (_PREDICATES, _NUMBER, _TEXT, _PLACES, _SCRIPTS)}
