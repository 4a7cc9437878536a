"""Linux processes, and the ways to their memory."""
