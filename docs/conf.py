"""How `make docs` makes pages of the guides and of the public names' docstrings."""

from __future__ import annotations

import builtins
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator

import farfetch
import farfetch.scanner
from docutils.nodes import Element, Text, TextElement, document, reference
from farfetch.scanner import Instruction, Pattern, Symbol, Watchpoint, target
from farfetch.scanner.code.symbols import Symbols
from farfetch.scanner.debug.watchpoint import On
from farfetch.scanner.pointers.map import PointerMap
from farfetch.scanner.pointers.moment import Order
from pygments.lexers.special import TextLexer
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.pycode import ModuleAnalyzer

# annotations are looked up where they stand, where these are imported for types alone
vars(target).update(PointerMap=PointerMap, Order=Order, On=On, Watchpoint=Watchpoint)
vars(target).update(Pattern=Pattern)
vars(target).update(Instruction=Instruction, Symbol=Symbol, Symbols=Symbols)

project = "farfetch"
author = "farfetch contributors"
copyright = author  # noqa: A001  # Sphinx calls it so
release = version = farfetch.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"farfetch {version}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False

add_module_names = False
python_use_unqualified_type_names = True
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
# what a class has from Python's own, or from construct, says nothing of farfetch
_OTHERS = (
    "ABC",
    "BaseException",
    "Construct",
    "Exception",
    "IndexError",
    "Sequence",
    "TypeError",
    "ValueError",
)
autodoc_default_options = {"inherited-members": ",".join((*_OTHERS, "object", "tuple"))}
napoleon_numpy_docstring = False
napoleon_use_rtype = False

nitpicky = True
nitpick_ignore_regex = [
    # no inventory of construct's pages is fetched
    ("py:class", r"(construct\..*|Construct)"),
    # what a signature names and nobody imports: the kinds of Expr and Predicate, protocols, parts
    ("py:class", r"farfetch\.scanner\.[a-z_]+\..*"),
    # words that an attribute takes; its text lists them
    ("py:class", "AnyConstruct|By|ColumnName|Kind|Language|On|Original|Place|Space|Status|T|_Word"),
]

#: What farfetch makes, and nobody else; so how is its own affair.
_MADE = ("Freeze", "Hook", "Match", "Matches", "Patch", "Scan", "Snapshot", "Step", "Target")
#: Where Python's own are explained; no inventory is fetched, so pages are built without a network.
_LIBRARY = "https://docs.python.org/3/library"


def setup(app: Sphinx) -> None:
    """What Sphinx calls: the parts of it that are not options."""
    app.add_lexer("farfetch", TextLexer)
    app.connect("builder-inited", _read_sources)
    app.connect("source-read", _name_what_has_no_page)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-signature", _hide_signature)
    app.connect("autodoc-process-docstring", _read_property, priority=400)  # before napoleon
    app.connect("doctree-read", _settle_builtins)
    app.connect("missing-reference", _link_to_python)


def _modules() -> Iterator[str]:
    for module in pkgutil.walk_packages(farfetch.scanner.__path__, "farfetch.scanner."):
        if not module.name.endswith("._core"):
            yield module.name


def _read_sources(_app: Sphinx) -> None:
    """Let members stand in the order of the source: public names say no module but the package."""
    public = ModuleAnalyzer.for_module("farfetch.scanner")
    public.analyze()
    for name in _modules():
        importlib.import_module(name)
        behind = ModuleAnalyzer.for_module(name)
        behind.analyze()
        after = len(public.tagorder)
        public.tagorder.update({tag: after + at for tag, at in behind.tagorder.items()})


def _name_what_has_no_page(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Leave the name of what a guide links to outside of docs/, and no link."""
    source[0] = re.sub(r"\[([^]]*)\]\(\.\./[^)]*\)", r"\1", source[0])


def _hide_signature(_app: Sphinx, what: str, name: str, *_: object) -> tuple[str, str] | None:
    return ("", "") if what == "class" and name.rpartition(".")[2] in _MADE else None


def _read_property(
    app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]
) -> None:
    """Read a property's text as a function's: napoleon takes ``Words: more`` for a type."""
    if what in ("property", "attribute"):
        read = GoogleDocstring(lines, app.config, app, "function", name, thing, options)
        lines[:] = ["..", "", *read.lines()]  # an empty comment, which it looks at instead


def _settle_builtins(_app: Sphinx, page: document) -> None:
    """Keep ``bytes`` in a signature from leading to an attribute of that name."""
    for link in list(page.findall(pending_xref)):
        if link["refdomain"] == "py" and hasattr(builtins, link["reftarget"]):
            link.replace_self(Text(link["reftarget"]))


def _skip(
    _app: Sphinx, _what: str, _name: str, member: object, _skips: bool, _options: object
) -> bool | None:
    """Leave out the fields of named tuples: the class says what they are."""
    return True if type(member).__name__ == "_tuplegetter" else None


def _link_to_python(
    _app: Sphinx, _env: BuildEnvironment, node: Element, shown: TextElement
) -> reference | None:
    target = node.get("reftarget", "")
    module = target if node.get("reftype") == "mod" else target.rpartition(".")[0]
    if module.partition(".")[0] not in sys.stdlib_module_names:
        return None
    return reference("", "", shown, internal=False, refuri=f"{_LIBRARY}/{module}.html#{target}")
