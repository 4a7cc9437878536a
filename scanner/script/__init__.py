"""Auto Assembler scripts: read, checked as a whole, and run as one change."""
