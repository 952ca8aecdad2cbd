{#- Mean pinball loss at 10, 50 and 90 % of a row of intermediate.forecast_bands, whose year is over; without
    a band the three are the forecast. -#}
{% macro loss(share, value) -%}
greatest({{ share }} * (actual - {{ value }}), ({{ share }} - 1) * (actual - {{ value }}))
{%- endmacro %}
{% macro pinball_loss() -%}
(
    {{ loss(0.1, 'ifNull(low, forecast)') }}
    + {{ loss(0.5, 'forecast') }}
    + {{ loss(0.9, 'ifNull(high, forecast)') }}
) / 3
{%- endmacro %}
