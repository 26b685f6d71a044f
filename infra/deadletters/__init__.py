"""Dead letters for operators: list, show, edit, send back, discard."""
