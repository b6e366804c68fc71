"""Files made wrong on purpose: bytes flipped, cut off, spliced, and members of a workbook changed under their names."""

import io
import random
import zipfile
from collections.abc import Callable

Change = Callable[[bytes, random.Random], bytes]


def flipped(content: bytes, draw: random.Random) -> bytes:
    """Some bytes are others."""
    made = bytearray(content)
    for _n in range(draw.choice((1, 3, 20))):
        if made:
            made[draw.randrange(len(made))] = draw.randrange(256)
    return bytes(made)


def cut(content: bytes, draw: random.Random) -> bytes:
    """The end is missing."""
    return content[: draw.randrange(len(content) + 1)]


def spliced(content: bytes, draw: random.Random) -> bytes:
    """A piece stands somewhere else, once more."""
    if len(content) < 4:
        return content * 2
    begin = draw.randrange(len(content) - 1)
    piece = content[begin : begin + draw.randrange(1, min(4096, len(content)))]
    at = draw.randrange(len(content))
    return content[:at] + piece + content[at:]


def _parts(content: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            small = [entry for entry in archive.infolist() if entry.file_size < 2_000_000][:60]
            return [(entry.filename, archive.read(entry)) for entry in small]
    except Exception:  # whatever the library finds wrong with a hostile file, it is no zip to take apart
        return []


def part_changed(content: bytes, draw: random.Random) -> bytes:
    """A whole workbook with one part damaged, emptied, left out, exchanged for another or spliced."""
    parts = _parts(content)
    if not parts:
        return flipped(content, draw)
    place = draw.randrange(len(parts))
    name, inside = parts[place]
    what = draw.randrange(6)
    if what == 0:
        del parts[place]
    elif what == 1:
        parts[place] = (name, b"")
    elif what == 2:
        parts[place] = (name, parts[draw.randrange(len(parts))][1])
    else:
        parts[place] = (name, (flipped, cut, spliced)[what - 3](inside, draw))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for one, data in parts:
            archive.writestr(one, data)
    return target.getvalue()


CHANGES: tuple[Change, ...] = (flipped, cut, spliced, part_changed)


def mutant(content: bytes, seed: str) -> bytes:
    """The file that belongs to a seed, the same on every machine."""
    draw = random.Random(seed)
    is_zip = content.startswith(b"PK\x03\x04")
    # What deflate carries is best changed inside; a byte of it from outside is refused by its checksum.
    change = part_changed if is_zip and draw.random() < 0.6 else draw.choice(CHANGES)
    return change(content, draw)
