"""`python -m bot` is `pageturner`."""

from bot.cli import main

if __name__ == "__main__":
    main()
