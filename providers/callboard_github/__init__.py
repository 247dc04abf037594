"""GitHub for callboard: its webhooks, its API, the providers that read it, a simulator."""
