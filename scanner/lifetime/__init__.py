"""How long things live: closed, inherited by a child, held while somebody uses them."""
