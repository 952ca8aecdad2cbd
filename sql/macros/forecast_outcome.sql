{#- The value that a forecast would come to with an error of the past: `error` is SQL. -#}
{% macro outcome(error) -%}
if(
    kind = 'share',
    greatest(0, least(100, forecast + {{ error }})),
    sure + greatest(0, (forecast - sure + margin) * exp({{ error }}) - margin)
)
{%- endmacro %}
