"""Run the command line with ``python -m sigmaglot``."""

from sigmaglot.cli import main

if __name__ == "__main__":
    main()
