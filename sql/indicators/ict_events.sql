-- ICT events held: distinct date and title, not later than the day of the calculation.
{% from 'macros/counted.sql' import counted %}
{{ counted(
    'ict_events',
    "SELECT held_on AS day, count() AS n FROM core.events GROUP BY held_on",
    "(SELECT count() FROM core.loaded_tables WHERE kind = 'events' AND (unit_key, load_id) IN"
        ~ " (SELECT unit_key, load_id FROM ops.published WHERE source = 'registers')) > 0",
    spans['ict_events'],
    first_year,
) }}
