"""Where the checkout is. Standard library only: `make setup` runs before installation."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The checkout."""
