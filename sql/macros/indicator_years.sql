{#- Year × indicator: the plan by the edition in force on 1 January, on 31 December and today, the goal of the
    last of them, and the fact of the year's last month (docs/indicators.md#план-года). -#}
{%- macro year_editions(today) -%}
    SELECT
        y.year AS year,
        maxOrNullIf(e.edition_date, e.edition_date <= makeDate(y.year, 1, 1)) AS january,
        maxOrNullIf(e.edition_date, e.edition_date <= makeDate(y.year, 12, 31)) AS december,
        maxOrNullIf(
            e.edition_date, e.edition_date <= least(makeDate(y.year, 12, 31), toDate('{{ today }}'))
        ) AS now
    FROM (SELECT DISTINCT year FROM intermediate.programme_months) AS y
    CROSS JOIN reference.programme_editions AS e
    GROUP BY year
{%- endmacro -%}

{%- macro indicator_years(today) -%}
    SELECT
        l.year AS year,
        i.code AS code,
        i.position AS position,
        i.direction AS direction,
        i.relation AS relation,
        i.weight AS weight,
        i.base_value AS base_value,
        i.base_year AS base_year,
        anyOrNullIf(t.target, t.year = l.year AND t.edition_date = e.january) AS plan_january,
        anyOrNullIf(t.target, t.year = l.year AND t.edition_date = e.december) AS plan_december,
        anyOrNullIf(t.target, t.year = l.year AND t.edition_date = e.now) AS plan_now,
        minOrNullIf(t.year, t.year >= l.year AND t.edition_date = e.december) AS due_year,
        argMinOrNullIf(t.target, t.year, t.year >= l.year AND t.edition_date = e.december) AS goal,
        any(f.fact) AS fact
    FROM (SELECT year, max(month) AS month FROM intermediate.programme_months GROUP BY year) AS l
    CROSS JOIN reference.programme_indicators AS i
    LEFT JOIN ({{ year_editions(today) }}) AS e ON e.year = l.year
    LEFT JOIN reference.programme_targets AS t ON t.code = i.code
    LEFT JOIN intermediate.indicator_facts AS f ON f.code = i.code AND f.month = l.month
    GROUP BY ALL
{%- endmacro %}
