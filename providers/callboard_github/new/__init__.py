"""``callboard new provider``: what a provider of one's own begins with."""
