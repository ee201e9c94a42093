"""The command `meshtutor`: one file per verb.

A verb's `run(args)` does the work and returns a `result.Result`: data for `--output json` and lines for a person.
`main` parses and holds the one `except`; `render` holds the only `print`.
"""
