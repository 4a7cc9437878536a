"""What a value is: its type, its layout in bytes, and how people write it."""
