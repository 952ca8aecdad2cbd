-- Requests received over SMEV: distinct REQUEST message ids addressed to us, by sending time. The passport's
-- smev.count may choose another way to count (docs/smev.md#seven-ways-to-count).
{% from 'macros/counted.sql' import counted %}
{%- set requests %}{% include 'macros/smev_counted.sql' %}{% endset %}
{%- if smev_count == 'chains' %}
    {%- set days = "SELECT min(day) AS day FROM (\n" ~ requests ~ "\n) GROUP BY chain_id" %}
{%- elif smev_count == 'answered' %}
    {%- set days = "SELECT day FROM (\n" ~ requests ~ "\n) WHERE is_answered" %}
{%- elif smev_count == 'acknowledged' %}
    {%- set days = "SELECT day FROM (\n" ~ requests ~ "\n) WHERE is_acknowledged" %}
{%- elif smev_count == 'received_date' %}
    {%- set received_on = "toDate(received_at, " ~ time_zone | literal ~ ")" %}
    {%- set days = "SELECT " ~ received_on ~ " AS day FROM (\n" ~ requests ~ "\n)" %}
{%- elif smev_count == 'both_directions' %}
    {%- set own = 'requests' %}
    {%- set sent %}{% include 'macros/smev_own.sql' %}{% endset %}
    {%- set days = "SELECT day FROM (\n" ~ requests ~ "\n) UNION ALL SELECT day FROM (\n" ~ sent ~ "\n)" %}
{%- elif smev_count == 'answers_received' %}
    {%- set own = 'answers' %}
    {%- set days %}{% include 'macros/smev_own.sql' %}{% endset %}
{%- else %}
    {%- set days = requests %}
{%- endif %}
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
