"""What can be asked of the catalog: filters, pages, facets, and the form of answers."""
