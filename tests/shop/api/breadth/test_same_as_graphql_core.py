"""Depth-first and breadth-first execution give the same data, errors and order."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .operations import operations
from .schemas import schemas
from .world import World, client_view

pytestmark = pytest.mark.once

HYPOTHESIS_SETTINGS = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
WORLDS = [(1, 0.0), (2, 0.02), (3, 0.08), (4, 0.3)]


@st.composite
def cases(draw):
    schema = draw(schemas())
    return schema, draw(st.lists(operations(schema), min_size=1, max_size=4)), draw(st.integers(0, 2**32))


def check_same_results(schema, operations, seed):
    world = World(schema)
    for source, variables in operations:
        for number, failure_rate in WORLDS:  # all but the first find a cached plan
            world.change_seed(f"{seed} {number}", failure_rate)
            flipped = {
                name: not value if number == 4 and name in ("yes", "no") else value
                for name, value in variables.items()
            }
            expected = client_view(world.depth_first(source, flipped))

            answered = client_view(world.breadth_first(source, flipped))

            assert answered == expected


@settings(max_examples=100, derandomize=True, **HYPOTHESIS_SETTINGS)
@given(cases())
def test_random_operations_match_graphql_core(case) -> None:
    check_same_results(*case)


@pytest.mark.long
@settings(max_examples=1500, **HYPOTHESIS_SETTINGS)
@given(cases())
def test_many_random_operations_match_graphql_core(case) -> None:
    check_same_results(*case)
