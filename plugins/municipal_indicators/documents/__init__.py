"""Reports of a period as an official hands them in: a workbook and a text document, from the same figures."""
