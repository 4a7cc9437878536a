"""Usage lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .arguments import Alternatives, Argument, Form, Option

#: Forms that a brief synopsis shows whole.
_FEW = 3


def usage(form: Form) -> str:
    """The synopsis of a form; what may be left out stands in brackets.

    >>> from .kinds import COUNT, WORD
    >>> usage(Form((Argument("name", WORD), Argument("count", COUNT, optional=True))))
    'NAME [N]'
    """
    keywords = "|".join(form.keywords)
    return " ".join(filter(None, (keywords, left(form.arguments, form.options))))


def brief(form: Form) -> str:
    """The synopsis without options, and without what stands behind keywords where they are many.

    >>> brief(Form((Alternatives(tuple(Form(keywords=(one,)) for one in "abcd"), optional=True),)))
    '[a|b|c|d]'
    """
    for argument in form.arguments:
        if isinstance(argument, Alternatives) and len(argument.keywords) > _FEW:
            keywords = "|".join(argument.keywords)
            return f"[{keywords}]" if argument.optional else keywords
    return usage(_without_options(form))


def _without_options(form: Form) -> Form:
    arguments = (
        replace(argument, forms=tuple(map(_without_options, argument.forms)))
        if isinstance(argument, Alternatives)
        else argument
        for argument in form.arguments
    )
    return replace(form, arguments=tuple(arguments), options=())


def left(arguments: Sequence[Argument | Alternatives], options: Sequence[Option]) -> str:
    """The synopsis of arguments and options that are still to come."""
    said = [_arguments(arguments, more=bool(options))]
    flags = {option.flag for option in options}
    said += (_option(option, options) for option in options if option.needs not in flags)
    return " ".join(filter(None, said))


def _arguments(arguments: Sequence[Argument | Alternatives], *, more: bool) -> str:
    if not arguments:
        return ""
    head, *behind = arguments
    if isinstance(head, Alternatives):
        forms = " | ".join(map(usage, head.forms))
        if head.optional:
            return f"[{forms}]"
        return f"({forms})" if more and len(head.forms) > 1 else forms
    if head.repeated:
        return f"[{head.shown}]..."
    said = " ".join(filter(None, (head.shown, _arguments(behind, more=False))))
    return f"[{said}]" if head.optional else said


def _option(option: Option, options: Sequence[Option]) -> str:
    with_it = (_option(other, options) for other in options if other.needs == option.flag)
    return f"[{' '.join((option.shown, *with_it))}]{'...' if option.repeated else ''}"
