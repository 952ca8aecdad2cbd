-- Days of the programme zone whose visits are loaded completely. A partly loaded day appears in no mart.
{%- set counter_days = 'core.site_days' %}
{% include 'macros/whole_days.sql' %}
