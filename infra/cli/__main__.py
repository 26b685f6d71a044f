"""`python -m infra.cli` is `swipestream`."""

from infra.cli.main import main

if __name__ == "__main__":
    main()
