"""A board in the formats of others: tables, citations, badges, the Hub, pull requests."""
