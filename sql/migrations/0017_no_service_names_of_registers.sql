-- The name of a service in a register is free text, in which people write persons; the catalogue has names.
ALTER TABLE core.service_application_rows DROP COLUMN IF EXISTS service_name;
