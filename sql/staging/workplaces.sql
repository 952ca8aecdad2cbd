-- Rows of the register of workplaces, from text to the core table.
{% from 'macros/table_staging.sql' import table_staging -%}
{{ table_staging(kind, headings) }}
