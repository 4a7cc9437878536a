"""What was typed: words, statements, variables."""
