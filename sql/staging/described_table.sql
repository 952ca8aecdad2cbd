-- Rows of a table that a list of columns describes, from text to the core table. Rendered for each kind.
{% from 'macros/table_staging.sql' import table_staging -%}
{{ table_staging(kind, headings) }}
