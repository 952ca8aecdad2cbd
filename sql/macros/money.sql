{#- Cash of each year as of the register's latest date in it, in roubles: all of it, and what is
    no extrabudgetary money. -#}
{%- macro executed_by_year() -%}
    SELECT
        year,
        sumOrNull(b.executed) AS executed,
        sumOrNullIf(b.executed, {{ source_of('b.item') }} != 'extrabudgetary') AS of_budget
    FROM core.budget AS b
    WHERE (year, as_of) IN (SELECT year, max(as_of) FROM core.budget GROUP BY year)
    GROUP BY year
{%- endmacro -%}

{#- Whose money an item of the budget is, by its words; empty where they do not say. -#}
{%- macro source_of(item) -%}
    multiIf(
        positionCaseInsensitiveUTF8({{ item }}, 'внебюдж') > 0, 'extrabudgetary',
        positionCaseInsensitiveUTF8({{ item }}, 'федерал') > 0, 'federal',
        positionCaseInsensitiveUTF8({{ item }}, 'област') > 0
            OR positionCaseInsensitiveUTF8({{ item }}, 'краев') > 0
            OR positionCaseInsensitiveUTF8({{ item }}, 'республик') > 0, 'regional',
        positionCaseInsensitiveUTF8({{ item }}, 'местн') > 0
            OR positionCaseInsensitiveUTF8({{ item }}, 'район') > 0, 'municipal',
        ''
    )
{%- endmacro %}
