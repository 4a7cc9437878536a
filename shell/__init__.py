"""The farfetch command: a prompt, one-shot commands and scripts over the scanner."""
