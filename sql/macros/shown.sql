{#- A cell as quarantine shows it: dates, numbers that can be no person's, and three Latin signs as they are;
    other digits as #; any word as ***. -#}
{% macro shown(cell) -%}
multiIf(
            match(
                {{ cell }},
                concat(
                    '^(?:[+-]?[0-9]{0,8}(?:[.,][0-9]{1,4})?|[0-9]{17,20}|[0-9A-Za-z]{1,3}',
                    '|(?:[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}[.][0-9]{2}[.](?:[0-9]{2}|[0-9]{4}))',
                    '(?:[ T][0-9:.]{4,12}Z?)?)$')),
            {{ cell }},
            match({{ cell }}, '^[0-9 .,:/()+-]{1,40}$'), replaceRegexpAll({{ cell }}, '[0-9]', '#'),
            '***')
{%- endmacro %}
