"""The command `swipestream`."""
