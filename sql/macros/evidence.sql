{#- What parts of an indicator's value are cut from: months that have a value, and the names of files. -#}

{#- The months of an indicator with a value: month, year, as_of (of a share the date of its register or T),
    denominator. -#}
{%- macro valued(code) -%}
    SELECT
        f.month AS month,
        d.year AS year,
        assumeNotNull({{ 'd.as_of' if code in ('smev_requests', 'ict_events', 'site_visitors_growth')
            else 'f.data_through' }}) AS as_of,
        f.denominator AS denominator
    FROM intermediate.indicator_facts AS f
    INNER JOIN intermediate.indicator_days AS d ON d.code = f.code AND d.month = f.month
    WHERE f.code = '{{ code }}' AND f.fact IS NOT NULL
{%- endmacro -%}

{#- Files with their sheets, from an array of (load_id, sheet): `files` is a map of load_id to the file. -#}
{%- macro named(places) -%}
    arraySort(arrayDistinct(arrayMap(
        place -> concat(
            files[place.1],
            if(place.2 = '', '', concat(', лист «', place.2, '»'))),
        {{ places }})))
{%- endmacro -%}

{%- macro files(source) -%}
    (
        SELECT mapFromArrays(groupArray(load_id), groupArray(unit))
        FROM ops.published WHERE source = '{{ source }}'
    ) AS files
{%- endmacro %}
