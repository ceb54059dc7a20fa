"""Tests of what benches/gpu.py counts and writes: `python3 -m unittest` in this folder."""

import os
import tempfile
import tomllib
import unittest
from unittest import mock

import gpu

CASE = {"way": "ours", "head_dim": 64, "tokens": 1024, "batch_tokens": 16384, "median_ms": 2.0}
HEAD = {"card": 'a "card"', "driver": "1", "date": "2026-11-24", "matrix_tflops": 100.0, "copy_gb_per_second": 800.5}


class Counting(unittest.TestCase):
    def test_the_arithmetic_is_that_of_the_paper(self):
        forward = gpu.operations(CASE | {"case": "forward", "causal": False})
        # 16 texts, 32 heads, 1024 by 1024 pairs, 64 numbers, two products of two operations.
        self.assertEqual(forward, 16 * 32 * 1024 * 1024 * 64 * 4)
        self.assertEqual(gpu.operations(CASE | {"case": "forward", "causal": True}), forward / 2)
        self.assertEqual(gpu.operations(CASE | {"case": "backward", "causal": False}), forward * 2.5)

    def test_decoding_reads_the_cache_once(self):
        time = gpu.with_rate(CASE | {"case": "decode", "causal": False})
        # Keys and values, 16 texts, 8 heads, two bytes a number; in two milliseconds.
        self.assertEqual(time["gb_per_second"], 2 * 16 * 8 * 1024 * 64 * 2 / 2e-3 / 1e9)
        self.assertNotIn("tflops", time)


# Does as gpu-bench does: names its device, and gives back the way that it was asked for.
BENCH = """#!/usr/bin/env python3
import json, sys
print(json.dumps({"device": "none"}))
way = sys.argv[sys.argv.index("--way") + 1]
case = {"case": "forward", "way": way, "head_dim": 64, "causal": True, "tokens": 1024}
print(json.dumps(case | {"median_ms": 2.0, "peak_bytes": 3000000}))
"""


class Ways(unittest.TestCase):
    def test_every_way_of_the_kernels_is_asked_for_and_recorded(self):
        with tempfile.TemporaryDirectory() as folder:
            bench = os.path.join(folder, "bench")
            with open(bench, "w", encoding="utf-8") as file:
                file.write(BENCH)
            os.chmod(bench, 0o755)
            with mock.patch.object(gpu, "libraries", return_value=[]):
                times = [gpu.ours(bench, "cuda", way, 5, 16384)[0] for way in gpu.KERNELS]
        times = [gpu.with_rate(time) for time in times]
        self.assertEqual([time["way"] for time in times], ["ours", "plain"])
        lines = gpu.table(HEAD, times).splitlines()
        self.assertIn("plain ", lines[-1])
        self.assertIn("3 MB", lines[-1])
        record = tomllib.loads(gpu.document(HEAD, times))
        self.assertEqual(record["time"][1]["peak_bytes"], 3000000)


class Writing(unittest.TestCase):
    def test_the_record_is_toml_and_keeps_everything(self):
        times = [gpu.with_rate(CASE | {"case": case, "causal": True}) for case in ("forward", "decode")]
        record = tomllib.loads(gpu.document(HEAD, times))
        self.assertEqual(record["card"], 'a "card"')
        self.assertEqual([time["case"] for time in record["time"]], ["forward", "decode"])
        self.assertIs(record["time"][0]["causal"], True)
        self.assertNotIn("batch_tokens", record["time"][0])
        self.assertIn("tflops", record["time"][0])

    def test_the_table_has_a_line_a_case(self):
        times = [gpu.with_rate(CASE | {"case": "forward", "causal": True})]
        text = gpu.table(HEAD, times)
        self.assertIn("34 %", text)  # 34.4 of 100 TFLOP/s
        self.assertEqual(len(text.splitlines()), len(HEAD) + 2)


if __name__ == "__main__":
    unittest.main()
