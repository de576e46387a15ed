"""Parts of docs/generate.py: tables, exchanges of a run, blocks of hand-written pages, the page of all transactions."""
