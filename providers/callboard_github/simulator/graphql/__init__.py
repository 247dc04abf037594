"""GitHub's GraphQL API over the state.

The schema mirrors the part of GitHub's public schema that callboard and most entity
providers use; queries are parsed, validated and executed, none is known beforehand.
The library behind it is imported with the first query.
"""
