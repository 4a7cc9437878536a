"""Ways to a value that outlive its address."""
