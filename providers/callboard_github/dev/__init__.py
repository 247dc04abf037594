"""Development: GitHub's webhooks on a machine that it cannot reach."""
