"""From a line, a script or a pipe to the answer."""
