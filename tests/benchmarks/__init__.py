"""Benchmarks: they measure, they never judge a test run.

Each `bench_*.py` has `measure() -> list[Measurement]`; `python -m tests.benchmarks [NAME ...]` runs them, prints one
table with medians and spread, and writes `bench.json`.
"""
