{#- What smev.count of the passport counts, one row each: day, partner, namespace, load_ids
    (docs/smev.md#семь-способов-подсчёта). -#}
{%- set requests = 'SELECT *, sender AS partner FROM intermediate.smev_requests' %}
{%- if smev_count == 'chains' %}
SELECT
    min(day) AS day,
    argMin(partner, (sent_at, message_id)) AS partner,
    argMin(namespace, (sent_at, message_id)) AS namespace,
    arraySort(groupUniqArrayArray(load_ids)) AS load_ids
FROM ({{ requests }})
GROUP BY chain_id
{%- elif smev_count == 'answered' %}
SELECT day, partner, namespace, load_ids FROM ({{ requests }}) WHERE is_answered
{%- elif smev_count == 'acknowledged' %}
SELECT day, partner, namespace, load_ids FROM ({{ requests }}) WHERE is_acknowledged
{%- elif smev_count == 'received_date' %}
SELECT toDate(received_at, {{ time_zone | literal }}) AS day, partner, namespace, load_ids
FROM ({{ requests }})
{%- elif smev_count == 'both_directions' %}
{%- set own = 'requests' %}
SELECT day, partner, namespace, load_ids FROM ({{ requests }})
UNION ALL
SELECT day, partner, namespace, load_ids FROM (
{% include 'macros/smev_own.sql' %}
)
{%- elif smev_count == 'answers_received' %}
{%- set own = 'answers' %}
{% include 'macros/smev_own.sql' %}
{%- else %}
SELECT day, partner, namespace, load_ids FROM ({{ requests }})
{%- endif %}
