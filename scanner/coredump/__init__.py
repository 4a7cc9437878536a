"""Core files: the memory of a process at one moment, read from a file, and written to one."""
