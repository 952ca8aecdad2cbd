"""The boards in DataLens: a workbook written from ``bi/sources``, and its import."""
