"""Tables for other libraries, by Apache Arrow's C interfaces: without any of these libraries."""
