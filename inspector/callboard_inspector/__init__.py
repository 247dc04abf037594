"""The inspector: a feed of what the runtime does, and a page that shows it.

It reads the runtime's trace and its journal and writes to neither. It knows no sender of
webhooks and no catalog: what a task changed is an effect on a subject, whatever that is.
"""
