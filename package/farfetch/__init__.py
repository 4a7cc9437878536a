"""farfetch: a memory scanner for Linux. The library is :mod:`farfetch.scanner`."""

__version__ = "0.1.0"
