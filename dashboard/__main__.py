"""``python -m dashboard --port 8002``."""

from dashboard.server import main

main()
