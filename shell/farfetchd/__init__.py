"""farfetchd, which edits a program's memory as hex text."""
