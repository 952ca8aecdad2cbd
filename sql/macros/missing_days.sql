{#- What `marts.data_coverage` says of each source and site, with the days that are missing now: `days`, and
    `gaps`, the first and the last of those that follow each other. `today` is in scope. -#}
{%- macro members() -%}
SELECT
    *,
    arrayExists(span -> today BETWEEN span.1 AND span.2, observed) AS is_observed,
    arrayConcat(
        arrayFilter(day -> day < today, missing),
        -- Days since the build, which nothing can have loaded for this mart.
        arrayFilter(
            day -> day >= first_day
                AND arrayExists(span -> day BETWEEN span.1 AND span.2, observed),
            arrayMap(
                number -> toDate(built_on + number),
                range(1, toUInt32(greatest(1, dateDiff('day', built_on, today))))
            )
        )
    ) AS days,
    -- Days that follow each other are one gap.
    arrayMap(
        gap -> (arrayMin(gap), arrayMax(gap)),
        arraySplit(
            (day, step) -> step > 1,
            days,
            arrayDifference(arrayMap(day -> toInt32(day), days))
        )
    ) AS gaps
FROM marts.data_coverage
{%- endmacro %}
