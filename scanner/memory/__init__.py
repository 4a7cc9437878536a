"""Memory: ways to read and write a target."""

from .base import Memory
from .buffer import Buffer
from .processes import memory_names, open_memory

__all__ = ["Buffer", "Memory", "memory_names", "open_memory"]
