-- ICT events held: distinct date and title, not later than the day of the calculation.
{% from 'macros/counted.sql' import counted %}
{{ counted(
    "SELECT toStartOfMonth(held_on) AS month, count() AS n, max(held_on) AS last_day FROM core.events"
        ~ " WHERE held_on <= toDate(" ~ (today | literal) ~ ") GROUP BY month",
    "(SELECT count() FROM core.loaded_tables WHERE kind = 'events' AND (unit_key, load_id) IN"
        ~ " (SELECT unit_key, load_id FROM ops.published WHERE source = 'registers')) > 0",
    spans['ict_events'],
    first_year,
) }}
