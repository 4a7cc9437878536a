"""Named values, kept in files."""
