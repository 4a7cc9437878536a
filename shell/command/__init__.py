"""What a command is: its names and help, its arguments, and the function that does it."""

from .arguments import Alternatives, Argument, Asked, Form, Kind, Option
from .command import Category, Command, Needs
from .parse import Given

__all__ = [
    "Alternatives",
    "Argument",
    "Asked",
    "Category",
    "Command",
    "Form",
    "Given",
    "Kind",
    "Needs",
    "Option",
]
