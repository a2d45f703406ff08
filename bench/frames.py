"""The shapes of the exports for Polars."""

import polars

from shapes import BOOL, INT, TEXT


def polars_type(shape):
    if isinstance(shape, dict):
        return polars.Struct({key: polars_type(inner) for key, inner in shape.items()})
    if isinstance(shape, list):
        return polars.List(polars_type(shape[0]))
    return {INT: polars.Int64, TEXT: polars.String, BOOL: polars.Boolean}[shape]


def flat(frame):
    """Structs as columns, as a table needs them."""
    while structs := [name for name, kind in frame.schema.items() if isinstance(kind, polars.Struct)]:
        for name in structs:
            frame = frame.unnest(name, separator=".")
    return frame
