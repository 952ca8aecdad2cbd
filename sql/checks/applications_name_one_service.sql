-- Все строки заявления называют одну услугу: считается только услуга самой новой строки.
-- severity: warn
SELECT service_codes, count() AS applications, uniqExactArray(keys) AS files
FROM
(
    SELECT
        arrayStringConcat(arraySort(groupUniqArray(service_code)), ' + ') AS service_codes,
        groupUniqArray(unit_key) AS keys
    FROM core.service_application_rows
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'gosuslugi')
    GROUP BY portal, application_key
    HAVING min(service_code) != max(service_code)
)
GROUP BY service_codes
ORDER BY applications DESC, service_codes
