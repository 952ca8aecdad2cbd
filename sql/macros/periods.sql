{#- Marts that follow the change hold rows of periods of sites; a row's made_from stands for all that it was
    made from. A build takes over the rows of the build before whose made_from is wanted, and counts the rest:
    `missing` selects the periods to count, `days_of` their days. -#}
{%- macro missing(mart, grain) -%}
SELECT counter_id, period_start, period_end, is_settled, site, made_from
    FROM intermediate.wanted_periods
    WHERE mart = '{{ mart }}' AND grain = '{{ grain }}'
        AND made_from NOT IN (SELECT made_from FROM mart_rows.{{ mart }} WHERE build = '{{ build }}')
{%- endmacro %}

{%- macro days_of(mart, grain, calendar='intermediate.site_calendar') -%}
SELECT counter_id, day FROM {{ calendar }}
        WHERE (counter_id, {{ starts[grain] }}) IN
            (SELECT counter_id, period_start FROM ({{ missing(mart, grain) }}))
{%- endmacro %}

{#- What a table between holds of the build before. -#}
{%- macro kept(table) -%}
(SELECT * FROM intermediate.{{ table }}{{ ' WHERE false' if anew }})
{%- endmacro %}

{%- set starts = {
    'day': 'day', 'week': 'toMonday(day)', 'month': 'toStartOfMonth(day)',
    'quarter': 'toStartOfQuarter(day)', 'year': 'toStartOfYear(day)'
} %}
{%- set ends = {
    'day': 'period_start', 'week': 'period_start + 6', 'month': 'toLastDayOfMonth(period_start)',
    'quarter': 'addMonths(period_start, 3) - 1', 'year': 'addYears(period_start, 1) - 1'
} %}
