"""A breadth-first GraphQL executor, which resolves each field once for all objects at its path."""

from .documents import Document, Operation
from .executor import Executor
from .plan import Resolvers, Selection
from .resolvers import Arguments, Resolver, TypeResolver, by_name

__all__ = [
    "Arguments",
    "Document",
    "Executor",
    "Operation",
    "Resolver",
    "Resolvers",
    "Selection",
    "TypeResolver",
    "by_name",
]
