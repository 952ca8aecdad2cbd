(
    load_number UInt64 COMMENT 'Номер загрузки'
)
AS
-- Of each unit the load that was published last, unless it was withdrawn since. Filters of many rows read it.
SELECT toUInt64(bitShiftRight(last, 1)) AS load_number
FROM
(
    SELECT max(place) AS last
    FROM ops.load_events
    WHERE status IN ('published', 'withdrawn')
    GROUP BY unit_number
)
WHERE last % 2 = 1
COMMENT 'Номера загрузок, строки которых видны'
