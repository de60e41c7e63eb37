"""The dashboard's pages, a module each: its addresses, and what they show as plain values ready for JSON."""
