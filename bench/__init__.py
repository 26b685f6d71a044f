"""What is measured, not asserted: `python -m bench NAME [--json] [--strict]`."""
