-- Codes of services in a load that differ from other codes by leading zeros only: a spreadsheet dropped them.
WITH
    ours AS
    (
        SELECT DISTINCT service_code FROM core.service_application_rows
        WHERE unit_key = {unit_key:String} AND load_id = {load_id:UUID}
        UNION DISTINCT
        SELECT DISTINCT service_code FROM core.service_catalogue_rows
        WHERE unit_key = {unit_key:String} AND load_id = {load_id:UUID}
    ),
    published AS
    (SELECT unit_key, load_id FROM ops.published WHERE source = 'gosuslugi' AND unit_key != {unit_key:String})
SELECT arrayStringConcat(arraySort(groupUniqArray(toString(service_code))), ' / ') AS codes
FROM
(
    SELECT service_code, true AS is_ours FROM ours
    UNION ALL
    SELECT DISTINCT service_code, false FROM core.service_application_rows
    WHERE (unit_key, load_id) IN published
    UNION ALL
    SELECT DISTINCT service_code, false FROM core.service_catalogue_rows
    WHERE (unit_key, load_id) IN published
)
GROUP BY replaceRegexpOne(toString(service_code), '^0+', '') AS bare
HAVING uniqExact(service_code) > 1 AND max(is_ours)
ORDER BY codes
