-- Dates of versions, executions and events.
SELECT as_of AS day FROM core.workplaces
UNION ALL
SELECT as_of FROM core.departments
UNION ALL
SELECT held_on FROM core.events
UNION ALL
SELECT as_of FROM core.budget
