-- Service of the catalogue × month, from its first validity on, as of the month's end.
SELECT month, service_code, service_name, level, is_active, is_electronic
FROM
(
{% include 'macros/services.sql' %}
)
