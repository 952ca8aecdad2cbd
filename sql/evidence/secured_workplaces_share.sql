-- Workplaces of the register by department.
{% from 'macros/workplaces_evidence.sql' import workplaces_evidence %}
{{ workplaces_evidence('secured_workplaces_share', 'w.has_pc AND w.has_protection') }}
