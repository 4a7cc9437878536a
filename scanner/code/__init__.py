"""Machine code: what it does, what it is called, and how it is found again."""
