"""The headers of the pages of a Parquet file: what its pages unpack to, whatever its footer says.

A reader takes the sizes that it allocates, and how values are packed, from the header of each page.
pyarrow has no function for these headers, so they are read here. A header is a struct of Thrift's
compact protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md)
with the fields of https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import pyarrow.parquet as pq

#: Types of pages: with values (of version 1 and 2), and with a dictionary.
_DATA, _DICTIONARY, _DATA_2 = 0, 2, 3
#: By the type of a page: the field with its own header, and the place of the encoding in there.
_OWN_HEADER = {_DATA: (5, 2), _DICTIONARY: (7, 2), _DATA_2: (8, 4)}
#: Encodings whose values take no more memory than their page, or than an index for each value:
#: plain, and the dictionaries under both of their numbers. Others can say a text again by its
#: length alone, so that a page of some kB has gigabytes.
_ENCODINGS = (0, 2, 8)
#: Types of Thrift's compact protocol that a header has.
_TRUE, _FALSE, _INT32, _INT64, _BINARY, _STRUCT = 1, 2, 5, 6, 8, 12
#: Structs in one another: page, its own header, statistics.
_DEEPEST = 3
_LONGEST_NUMBER = 10  # bytes

Fields: TypeAlias = "dict[int, int | Fields]"


class Page(NamedTuple):
    """What the header of a page says.

    Attributes:
        unpacked: bytes of the page when it is unpacked.
        values: in the page; 0 for a dictionary.
        entries: of a dictionary; 0 for other pages.
    """

    unpacked: int
    values: int
    entries: int


def pages(data: bytes, chunk: pq.ColumnChunkMetaData) -> Iterator[Page]:
    """Yield the pages of a column in a row group, in order.

    Args:
        data: the whole file.
        chunk: what the footer says of the column.

    Raises:
        ValueError: a page is none, lies outside of the column, or is packed in another way than
            `clips.to_parquet` does.
    """
    at = chunk.data_page_offset
    if chunk.has_dictionary_page and 0 < (chunk.dictionary_page_offset or 0) < at:
        at = chunk.dictionary_page_offset
    end = at + chunk.total_compressed_size
    if not 0 < at <= end <= len(data):
        raise ValueError("a column outside of the file")
    while at < end:
        header, at = _struct(data, at, 1)
        at += _number(header, 3)
        if at > end:
            raise ValueError("a page outside of its column")
        yield _page(header)


def _page(header: Fields) -> Page:
    kind = _number(header, 1)
    if kind not in _OWN_HEADER:
        raise ValueError(f"a page of type {kind}")
    field, place = _OWN_HEADER[kind]
    own = header.get(field)
    if not isinstance(own, dict):
        raise ValueError("a page without its header")
    encoding, count = _number(own, place), _number(own, 1)
    if encoding not in _ENCODINGS:
        raise ValueError(f"a page of encoding {encoding}")
    is_dictionary = kind == _DICTIONARY
    return Page(_number(header, 2), 0 if is_dictionary else count, count if is_dictionary else 0)


def _number(fields: Fields, field: int) -> int:
    """Return a count or a size."""
    value = fields.get(field)
    if not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError("a page whose header has no such count or size")
    return value


def _struct(data: bytes, at: int, depth: int) -> tuple[Fields, int]:
    """Return the fields of a struct that are numbers or structs, and where it ends.

    Fields are in order, so that none is there twice and no two readers find another one.
    """
    if depth > _DEEPEST:
        raise ValueError("a page with a header that is nested too deep")
    fields: Fields = {}
    field = 0
    while byte := _byte(data, at):
        step, kind = byte >> 4, byte & 15
        if not step:
            raise ValueError("a page with a header that is not in order")
        field, at = field + step, at + 1
        if kind == _STRUCT:
            fields[field], at = _struct(data, at, depth + 1)
        elif kind == _BINARY:
            length, at = _varint(data, at)
            at += length
        elif kind in (_INT32, _INT64):
            number, at = _varint(data, at)
            fields[field] = (number >> 1) ^ -(number & 1)
        elif kind not in (_TRUE, _FALSE):
            raise ValueError(f"a page with a header of type {kind}")
    return fields, at + 1


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 7 bits in each byte, the lowest first, and where it ends."""
    number = 0
    for shift in range(_LONGEST_NUMBER):
        byte = _byte(data, at + shift)
        number |= (byte & 127) << 7 * shift
        if byte < 128:
            return number, at + shift + 1
    raise ValueError("a page with a number that does not end")


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise ValueError("a page outside of the file")
    return data[at]
