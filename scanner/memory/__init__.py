"""An address space as such: bytes that can be read and written, regions, modules, places."""
