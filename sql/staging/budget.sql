-- Rows of the register of budget execution. Amounts arrive in roubles: no row knows the unit of its heading.
{% from 'macros/table_staging.sql' import table_staging -%}
{{ table_staging(
    kind,
    headings,
    problems=[("d.plan = '' AND d.executed = ''", 'plan', 'neither a plan nor an execution')],
) }}
