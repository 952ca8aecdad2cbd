-- Requests received over SMEV: distinct REQUEST message ids addressed to us, by sending time. The passport's
-- smev.count may choose another way to count (docs/smev.md#семь-способов-подсчёта).
{% from 'macros/counted.sql' import counted %}
{%- set days %}{% include 'macros/smev_days.sql' %}{% endset %}
{{ counted(
    'smev_requests',
    "SELECT day, count() AS n FROM (\n" ~ days ~ "\n) GROUP BY day",
    "(p.year, p.as_of) IN (SELECT d.year, d.as_of FROM intermediate.indicator_days AS d"
        ~ " INNER JOIN intermediate.source_days AS s ON s.source = 'smev'"
        ~ " WHERE d.code = 'smev_requests' AND toYear(s.day) = d.year AND s.day <= d.as_of)",
    spans['smev_requests'],
    first_year,
    is_read_from_log=true,
) }}
