"""`python -m callwright`: the command, where it is not on the path."""

from callwright.cli.main import run

if __name__ == "__main__":
    run()
