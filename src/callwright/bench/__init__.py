"""Reproducible benchmarks behind `callwright bench NAME`; rigs against peers stand in the top-level bench folder."""
