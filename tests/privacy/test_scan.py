"""The scanner sees what it must: planted texts in every place that it claims to look at.

    python tests/privacy/test_scan.py
"""

import contextlib
import gzip
import io
import json
import tempfile
import unittest
from pathlib import Path

import pyarrow
import pyarrow.parquet
import scan

CANARY = "CANARY-subject-17"
USER_ID = 380000000007


class ScanTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.lake = Path(folder.name) / "lake"
        self.lake.mkdir()
        self.canaries = Path(folder.name) / "canaries"
        self.canaries.write_text(f"{CANARY}\n{USER_ID}\n")

    def scan(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = scan.main([str(self.lake), "--canaries", str(self.canaries), *arguments])
        told = (out.getvalue() + err.getvalue()).lower()
        for secret in ("canary-subject", str(USER_ID), "jo.doe"):
            self.assertNotIn(secret, told)
        return code, out.getvalue()

    def write(self, **options):
        values = options.pop("values", ["open", "new"])
        metadata = options.pop("metadata", None)
        table = pyarrow.table({"status": values}).replace_schema_metadata(metadata)
        pyarrow.parquet.write_table(table, self.lake / "rows.parquet", compression="zstd", **options)

    def check(self, part):
        code, told = self.scan()
        self.assertEqual(code, 1, told)
        self.assertIn(part, told)

    def test_finds_nothing_in_a_clean_folder(self):
        self.write()
        (self.lake / "0.json").write_text(json.dumps({"add": {"stats": json.dumps({"numRecords": 2})}}))
        self.assertEqual(self.scan(), (0, ""))

    def test_sees_values_dictionaries_bounds_and_notes(self):
        self.write(values=["open", CANARY, "zzz"])
        self.check("values of column 0")
        self.check("zstd frame")
        self.write(values=[CANARY, "open"], write_statistics=True)
        self.check("statistics of column 0")
        self.write(metadata={"note": CANARY})
        self.check("footer")
        self.write(values=[1, USER_ID, 2])
        self.check("values of column 0")

    def test_sees_addresses_in_dictionaries_and_none_among_positions(self):
        self.write(values=["open", "jo.doe@example.test"])
        self.check("zstd frame: e-mail address")
        dictionary = [f"{position:03}" for position in range(256)]
        positions = b"xyFFFF^FFP@FF8WFF.VFFMFF" * 50
        self.write(values=dictionary + [dictionary[position] for position in positions])
        self.assertEqual(self.scan(), (0, ""))

    def test_sees_pages_of_every_encoding(self):
        for encoding in ("PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"):
            self.write(values=["open", CANARY], use_dictionary=False, column_encoding=encoding)
            self.check("values of column 0")

    def test_sees_logs_packed_files_names_and_escapes(self):
        escaped = CANARY.replace("C", "\\u0043", 1)
        for name, data, part in [
            ("0.json", f'{{"commitInfo":{{"note":"{escaped}"}}}}'.encode(), "JSON"),
            ("1.json", json.dumps({"stats": json.dumps({"x": CANARY})}).encode(), "JSON"),
            ("2.json", json.dumps({"cursor": scan.base64.b64encode(CANARY.encode()).decode()}).encode(), "base64"),
            ("3.log.gz", gzip.compress(CANARY.encode()), "gzip"),
            ("4.log", b"refused for jo.doe@example.test", "bytes: e-mail address"),
            (f"month={CANARY.lower()}", b"", "path"),
        ]:
            path = self.lake / name
            path.write_bytes(data)
            self.check(part)
            path.unlink()

    def test_tells_what_it_cannot_read(self):
        (self.lake / "cut.parquet").write_bytes(b"PAR1 cut")
        self.assertEqual(self.scan()[0], 2)

    def test_reads_canaries_of_json_lines(self):
        self.canaries.write_text(json.dumps({"place": "subject", "text": CANARY}) + "\n")
        (self.lake / "a").write_text(CANARY)
        self.assertEqual(self.scan()[0], 1)


if __name__ == "__main__":
    unittest.main()
