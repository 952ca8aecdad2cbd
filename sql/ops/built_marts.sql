-- What marts_next shows: the newest build, published or not.
SELECT any(build) AS build, any(status) AS status, any(marts) AS marts
FROM
(
    SELECT build, status, marts FROM ops.mart_builds ORDER BY at DESC LIMIT 1
)
COMMENT 'Какую сборку показывает каждая витрина в marts_next: последнюю, и до её проверки'
