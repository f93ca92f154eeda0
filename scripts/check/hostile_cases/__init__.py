"""Cases of `scripts/check/hostile.py`, a module a kind of file."""
