-- Site × day of a year, with the same day of the baseline year: whether the site is observed on both, and
-- whether both are covered (a matched day). A replaced counter stands for its site; 29 February has no
-- match. A site that began after the baseline year, and replaces none, is left out
-- (docs/indicators.md#site_visitors_growth).
{%- set has_value = baseline_value is not none %}
WITH sites AS
(
    SELECT
        site_id,
        groupArray((
            coalesce(observed_from, makeDate(1970, 1, 1)),
            coalesce(observed_until, makeDate(2149, 1, 1))
        )) AS spans
    FROM reference.programme_sites
    GROUP BY site_id
    {%- if not has_value %}
    HAVING arrayMin(arrayMap(span -> span.1, spans)) <= makeDate({{ baseline_year or 1970 }}, 12, 31)
    {%- endif %}
),
covered AS
(
    SELECT s.site_id AS site_id, c.day AS day
    FROM intermediate.site_calendar AS c
    INNER JOIN reference.programme_sites AS s ON s.counter_id = c.counter_id
),
days AS
(
    SELECT
        year,
        site_id,
        spans,
        arrayJoin(range(toUInt32(makeDate(year, 1, 1)), toUInt32(makeDate(year, 12, 31)) + 1)) AS number,
        toDate(number) AS day
    FROM sites
    CROSS JOIN
    (
        SELECT arrayJoin(range(
            toUInt16({{ [baseline_year or first_year, first_year] | min - 1 }}),
            -- Before the programme begins there is no month yet, but which sites are compared is known.
            toUInt16(greatest({{ first_year }}, (SELECT max(year) FROM intermediate.programme_months)) + 1)
        )) AS year
    ) AS years
)
SELECT
    year,
    site_id,
    day,
    {%- if has_value %}
    day AS base_day,
    -- 29 February counts where it is covered, but is none of the days that must be.
    NOT (toMonth(day) = 2 AND toDayOfMonth(day) = 29)
        AND arrayExists(span -> day BETWEEN span.1 AND span.2, spans) AS is_observed,
    {%- else %}
    makeDate({{ baseline_year or 1970 }}, toMonth(day), toDayOfMonth(day)) AS base_day,
    arrayExists(span -> day BETWEEN span.1 AND span.2, spans)
        AND arrayExists(span -> base_day BETWEEN span.1 AND span.2, spans) AS is_observed,
    {%- endif %}
    (site_id, day) IN (SELECT site_id, day FROM covered)
        AND (site_id, base_day) IN (SELECT site_id, day FROM covered) AS is_matched
FROM days
{%- if not has_value %}
WHERE NOT (toMonth(day) = 2 AND toDayOfMonth(day) = 29)
{%- endif %}
