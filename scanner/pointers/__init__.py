"""Pointer maps: the pointers of a moment, and the paths by which an address is found again."""
