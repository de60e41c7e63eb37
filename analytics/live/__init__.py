"""Live numbers by Structured Streaming."""
