"""The dashboard's pages, a module each, which says in PAGE what the page is."""
