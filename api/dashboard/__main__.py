"""``python -m api.dashboard --port 8002``."""

from api.dashboard.server import main

main()
