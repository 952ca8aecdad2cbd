-- Days of the programme zone whose visits are loaded whole: a day half loaded shows in no mart.
{%- set counter_days = 'core.site_days' %}
{% include 'macros/whole_days.sql' %}
