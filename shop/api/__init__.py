"""The GraphQL API, compatible with Saleor's schema."""
