"""Assembly: lines of it, read, encoded, and held against what they decode to."""
