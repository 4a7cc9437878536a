"""What a run of the shell holds, and what its commands share."""
