"""The catalog over HTTP, as Backstage's clients know it, and what it has beyond."""
