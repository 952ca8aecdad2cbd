-- Never empty, so that views may read it as a scalar; `marts` is empty where nothing was published yet.
SELECT any(at) AS at, any(marts) AS marts
FROM
(
    SELECT at, marts FROM ops.mart_builds WHERE status = 'published' ORDER BY at DESC LIMIT 1
)
COMMENT 'Какую сборку показывает каждая витрина и с какого времени'
