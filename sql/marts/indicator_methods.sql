-- One row per indicator of the passport: the way it is counted, in words.
SELECT
    i.code AS indicator,
    i.name AS name,
    m.method AS method,
    m.method_name AS method_name,
    m.explanation AS explanation
FROM reference.programme_indicators AS i
INNER JOIN reference.indicator_methods AS m ON m.code = i.code
