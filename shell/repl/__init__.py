"""The prompt; nothing outside this folder imports prompt_toolkit."""
