-- A correction can remove an application: the group of such statuses.
ALTER TABLE core.service_application_rows
    COMMENT COLUMN status_group 'in_progress, provided, refused, withdrawn, unknown; draft, failed и removed витрины не считают';
