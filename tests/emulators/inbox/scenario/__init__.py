"""A week across a month's end, told by all three SMEV formats, and what any subset of its files says.

`facts` invents the talks, `soap`, `journals` and `textlogs` write them, `files` puts them into files,
`truth` says what a set of files amounts to. Every file carries its notices: what it says, message by
message, noted while it is written, so that the truth needs neither our parsers nor our SQL.
"""

from tests.emulators.inbox.scenario.files import ScenarioFile, write_scenario
from tests.emulators.inbox.scenario.notices import Format, Notice
from tests.emulators.inbox.scenario.truth import Expected, Truth

__all__ = ["Expected", "Format", "Notice", "ScenarioFile", "Truth", "write_scenario"]
