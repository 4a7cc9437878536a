"""What holds, changes and looks while the target runs."""
