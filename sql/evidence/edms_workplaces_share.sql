-- Workplaces of the register by department.
{% from 'macros/workplaces_evidence.sql' import workplaces_evidence %}
{{ workplaces_evidence('edms_workplaces_share', 'w.has_edms') }}
