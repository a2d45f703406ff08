"""An independent search for planted texts and e-mail addresses in everything below a folder.

It shares no code, no format library and no list of shapes with the Rust audit: Parquet is read with pyarrow, and besides
every zstd and gzip frame that lies in any file is unpacked as it is found, whatever the file claims to be.

    python tests/privacy/scan.py FOLDER... [--canaries FILE] [--allow-email DOMAIN]... [--no-email]

FILE holds one canary a line, or JSON lines: a text, or an object whose texts are canaries. It prints places and counts, never what was found.
Exit code: 0 nothing found, 1 something found, 2 it could not look.
"""

import argparse
import base64
import json
import re
import sys
import zlib
from collections import Counter
from pathlib import Path

import pyarrow
import pyarrow.parquet
import zstandard

EMAIL = re.compile(rb"[A-Za-z0-9._%+-]{2,64}@([A-Za-z0-9-]{2,63}(?:\.[A-Za-z0-9-]{2,63})*\.[A-Za-z]{2,24})")
ZSTD = b"\x28\xb5\x2f\xfd"
GZIP = b"\x1f\x8b\x08"
PARQUET = b"PAR1"
UNPACKED_MAX = 1 << 30
CHUNK = 1 << 16


class Unreadable(Exception):
    """Something that claims to be of a format cannot be read as such."""


def read_canaries(path):
    """Canaries of a file: a line each, or JSON lines."""
    canaries = set()
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith(("{", "[", '"')):
            canaries.update(texts_of(json.loads(line)))
        elif line:
            canaries.add(line)
    short = [canary for canary in canaries if len(canary) < 4]
    if short:
        raise SystemExit(f"{len(short)} canaries have fewer than 4 characters: chance would find them")
    return canaries


def texts_of(value):
    """Every text and number in a JSON value, as text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from texts_of(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts_of(inner)
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")
    elif value is not None and not isinstance(value, bool):
        yield str(value)


class Needles:
    """Canaries by their first bytes, without regard to case, so that a million of them cost one pass."""

    HEAD = 8

    def __init__(self, canaries, emails, allowed_domains):
        self.by_head = {}
        for canary in canaries:
            folded = canary.lower().encode()
            self.by_head.setdefault(folded[: self.HEAD], set()).add(folded)
        heads = sorted(self.by_head, key=len, reverse=True)
        self.heads = re.compile(b"(?=(" + b"|".join(map(re.escape, heads)) + b"))") if heads else None
        self.emails = emails
        self.allowed_domains = {domain.lower().encode() for domain in allowed_domains}

    def count(self, data, emails=True):
        """How many canaries and addresses are in the bytes."""
        found = Counter()
        if self.heads:
            folded = data.lower()
            for hit in self.heads.finditer(folded):
                heads = (head for head in self.by_head if folded.startswith(head, hit.start()))
                if any(folded.startswith(canary, hit.start()) for head in heads for canary in self.by_head[head]):
                    found["canary"] += 1
        if emails and self.emails and b"@" in data:
            domains = (hit.group(1).lower() for hit in EMAIL.finditer(data))
            found["e-mail address"] += sum(domain not in self.allowed_domains for domain in domains)
        return +found


class Scan:
    """A search that remembers places."""

    def __init__(self, needles):
        self.needles = needles
        self.places = Counter()
        self.files = self.bytes = self.values = 0

    def look(self, place, data, emails=True):
        """Searches the bytes."""
        for rule, count in self.needles.count(data, emails).items():
            self.places[place, rule] += count

    def file(self, path, name):
        """Everything about one file: its name, its bytes, what is packed in them."""
        data = path.read_bytes()
        self.files += 1
        self.bytes += len(data)
        self.look(f"{name}: path", name.encode())
        is_parquet = data[:4] == PARQUET
        self.look(f"{name}: bytes", data, emails=not is_parquet)
        self.frames(name, data)
        if is_parquet:
            self.parquet(path, name, data)
        else:
            self.text(name, data)

    def text(self, name, data):
        """JSON, whole or by lines: texts without their escapes, and JSON and base64 within texts."""
        lines = [data] if data.lstrip()[:1] in (b"{", b"[") and b"\n" not in data.strip() else data.split(b"\n")
        for line in lines:
            try:
                value = json.loads(line)
            except ValueError:
                continue
            self.json(name, value, 0)

    def json(self, name, value, depth):
        for text in texts_of(value):
            self.values += 1
            self.look(f"{name}: JSON", text.encode("utf-8", "surrogatepass"))
            if depth < 3 and text[:1] in ("{", "["):
                try:
                    self.json(name, json.loads(text), depth + 1)
                except ValueError:
                    pass
            if depth < 3 and len(text) >= 8 and re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", text):
                try:
                    self.look(f"{name}: base64", base64.b64decode(text.translate(str.maketrans("-_", "+/"))))
                except ValueError:
                    pass

    def frames(self, name, data):
        """Unpacks every zstd and gzip frame that begins anywhere in the bytes: pages of Parquet among them."""
        at = data.find(ZSTD)
        while at >= 0:
            try:
                reader = zstandard.ZstdDecompressor().decompressobj()
                self.page(name, reader.decompress(memoryview(data)[at:]))
            except zstandard.ZstdError:
                pass  # four bytes that look like a beginning
            at = data.find(ZSTD, at + 4)
        at = data.find(GZIP)
        while at >= 0:
            reader = zlib.decompressobj(wbits=31)
            try:
                unpacked = reader.decompress(memoryview(data)[at:], UNPACKED_MAX)
            except zlib.error:
                unpacked = b""
            if at == 0 and not unpacked:
                raise Unreadable("gzip")
            self.look(f"{name}: gzip", unpacked)
            self.text(f"{name}: gzip", unpacked)
            at = data.find(GZIP, at + 3)

    def page(self, name, page):
        """An unpacked page. Positions in a dictionary are bytes among which chance writes addresses, packed or not, so
        that these are looked for where texts lie plainly: in dictionaries, footers and decoded values."""
        part = f"{name}: zstd frame"
        entries = plain_entries(page)
        self.look(part, b"\n".join(entries)) if entries else self.look(part, page, emails=False)

    def parquet(self, path, name, data):
        """Decoded rows, footers and bounds, by pyarrow."""
        try:
            file = pyarrow.parquet.ParquetFile(path)
        except (pyarrow.ArrowException, OSError) as error:
            self.look(f"{name}: bytes", data)
            raise Unreadable("Parquet") from error
        self.look(f"{name}: footer", data[-8 - int.from_bytes(data[-8:-4], "little") :])
        for key, value in (file.metadata.metadata or {}).items():
            self.look(f"{name}: footer", key)
            self.look(f"{name}: footer", value)
            try:
                self.look(f"{name}: footer", base64.b64decode(value, validate=True))
            except ValueError:
                pass
        self.look(f"{name}: schema", str(file.schema).encode())
        for group in range(file.metadata.num_row_groups):
            for index in range(file.metadata.num_columns):
                chunk = file.metadata.row_group(group).column(index)
                if chunk.is_stats_set and chunk.statistics.has_min_max:
                    bounds = (chunk.statistics.min, chunk.statistics.max)
                    self.look(f"{name}: statistics of column {index}", "\n".join(texts_of(bounds)).encode())
        for batch in file.iter_batches(batch_size=CHUNK):
            for index, column in enumerate(batch.columns):
                values = column.unique() if not pyarrow.types.is_nested(column.type) else column
                self.values += len(column)
                rendered = "\n".join(texts_of(values.to_pylist()))
                self.look(f"{name}: values of column {index}", rendered.encode("utf-8", "replace"))
                for text in filter(lambda text: text[:1] in ("{", "["), rendered.split("\n")):
                    self.text(f"{name}: values of column {index}", text.encode())


def plain_entries(page):
    """Texts of a page that is nothing but lengths of four bytes, each with a text behind; else nothing."""
    entries, at = [], 0
    while at + 4 <= len(page):
        end = at + 4 + int.from_bytes(page[at : at + 4], "little")
        entries.append(page[at + 4 : end])
        at = end
    return entries if at == len(page) else []


def files_below(root):
    """Every file, hidden ones too, in order."""
    return [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())


def safe(name, needles):
    """A file's name, or its length where the name itself holds something."""
    return name if not needles.count(name.encode()) else f"<name of {len(name)} characters>"


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+", type=Path)
    parser.add_argument("--canaries", type=Path, help="file of planted texts")
    parser.add_argument("--allow-email", action="append", default=[], metavar="DOMAIN")
    parser.add_argument("--no-email", action="store_true", help="look for canaries only")
    options = parser.parse_args(arguments)
    canaries = read_canaries(options.canaries) if options.canaries else set()
    needles = Needles(canaries, not options.no_email, options.allow_email)
    scan = Scan(needles)
    unreadable = []
    for root in options.folder:
        if not root.exists():
            print(f"cannot look: argument {options.folder.index(root) + 1} is not there", file=sys.stderr)
            return 2
        for path in files_below(root):
            name = str(path.relative_to(root)) if root.is_dir() else path.name
            told = safe(name, needles)
            try:
                scan.file(path, name)
            except (Unreadable, OSError) as error:
                unreadable.append(f"{told}: cannot be read as {error}")
    for (place, rule), count in sorted(scan.places.items()):
        name, _, part = place.partition(": ")
        print(f"{safe(name, needles)}: {part}: {rule}: {count} times")
    for line in unreadable:
        print(line, file=sys.stderr)
    print(f"{scan.files} files, {scan.bytes} bytes, {scan.values} values, {len(canaries)} canaries, {sum(scan.places.values())} hits", file=sys.stderr)
    return 1 if scan.places else 2 if unreadable else 0


if __name__ == "__main__":
    sys.exit(main())
