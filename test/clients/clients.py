"""What the clients in Python share: see Clients.pm for what they print."""
import hashlib
import struct
from datetime import date, datetime, timezone
from decimal import Decimal

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def as_text(value):
    """The value as the text whose checksum is taken; an error for a type no view should give."""
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (int, str)):
        return str(value)
    if isinstance(value, float):
        return struct.pack(">d", value).hex()
    if isinstance(value, Decimal):
        if value.as_tuple().exponent != -4:
            raise TypeError(f"{value} has not four decimals")
        return f"{value:f}"
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        delta = aware - EPOCH
        return str((delta.days * 86400 + delta.seconds) * 1000 + delta.microseconds // 1000)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{value!r} is of an unexpected type")


def tell(kind, *fields):
    print(kind, *fields, sep="\t", flush=True)


def tell_sums(view, names, rows):
    """The rows of a view: how many values, and their checksum, of each column."""
    counts, sums, n = [0] * len(names), [0] * len(names), 0
    for row in rows:
        n += 1
        for i, value in enumerate(row):
            if value is not None:
                counts[i] += 1
                sums[i] += int(hashlib.md5(as_text(value).encode()).hexdigest()[:8], 16)
    for name, count, total in zip(names, counts, sums):
        tell("S", view, n, name, count, total)
