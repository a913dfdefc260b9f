"""The shop's GraphQL face, in Saleor's words."""
