"""What is answered, for people and for programs."""
