-- Requests received over SMEV: distinct REQUEST message ids addressed to us, by sending time.
{% from 'parts/counted.sql' import counted %}
{%- set requests %}{% include 'parts/smev_counted.sql' %}{% endset %}
{{ counted(
    "SELECT toStartOfMonth(day) AS month, count() AS n, max(day) AS last_day FROM (\n" ~ requests ~ "\n) GROUP BY month",
    "(SELECT count() FROM ops.published WHERE source = 'smev') > 0",
    spans['smev_requests'],
    first_year,
    'smev',
) }}
