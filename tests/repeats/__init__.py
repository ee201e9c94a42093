"""Repeats: the reference answer of every exercise brought through its check again and again, on a lab of its own.

`python -m tests.repeats --times 200 [NAME ...]` counts right answers that were refused (false alarms) and says how
many there may be at most. It measures and judges no test run; tests/exercises says what a check must do once.

    counting.py   verdicts by exercise, and the exact bounds; needs no lab
    __main__.py   the run
"""
