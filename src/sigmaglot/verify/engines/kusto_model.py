"""Our reader of Kusto, with the column types of whichever table of a schema a query names."""

from __future__ import annotations

import re

from sigmaglot.verify.readers import kusto
from sigmaglot.verify.readers.base import Query, ReadError
from sigmaglot.verify.schemas import DEFENDER, tables_of

_TABLE = re.compile(r"(?:\s|//[^\n]*\n)*([A-Za-z_]\w*)")


def read(text: str, schema: str = DEFENDER) -> Query:
    """Read a query of one table of a schema.

    Raises:
        ReadError: The text is no query, names a table or column that the schema lacks, or compares
            values of unlike types.
    """
    found, tables = _TABLE.match(text), tables_of(schema)
    if found is None or found[1] not in tables:
        raise ReadError(f"no table {found[1] if found else ''}".rstrip(), 0)
    return kusto.read(text, tables[found[1]])
