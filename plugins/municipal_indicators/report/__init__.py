"""The offline page and the terminal table: formats rows, counts nothing.

Every number comes from a query in ``sql/report/``, every word for a code from
``reference/labels.yaml``. Nothing here writes to the warehouse or loads a source.
"""

from municipal_indicators.report.page import write_report
from municipal_indicators.report.sheet import write_sheet
from municipal_indicators.report.terminal import print_indicators

__all__ = ["print_indicators", "write_report", "write_sheet"]
