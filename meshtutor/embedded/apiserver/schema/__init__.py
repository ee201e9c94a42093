"""One mechanism for the shape of objects: structural schemas, as CustomResourceDefinitions carry them.

`builtin` derives such schemas for Kubernetes' own kinds, `reading` copies a value while it drops what the schema does
not know, `checking` says what is wrong with types and values, `merging` adds how lists merge. Pure functions of
(value, schema); what a field means is not known here.
"""
