(
    counter_id UInt32 COMMENT 'Счётчик',
    at DateTime64(6, 'UTC') COMMENT 'Когда Метрика показала список запросов',
    request_id UInt64 COMMENT 'Номер запроса',
    source LowCardinality(String) COMMENT 'visits визиты, hits события',
    date1 Date COMMENT 'Первый день',
    date2 Date COMMENT 'Последний день, включительно',
    status LowCardinality(String) COMMENT 'Состояние словом Метрики',
    size UInt64 COMMENT 'Занято, байт; 0, пока запрос готовится',
    owner Enum8('ours' = 1, 'foreign' = 2)
        COMMENT 'ours заказан нами, foreign — другой программой или человеком'
)
AS SELECT counter_id, at, request_id, source, date1, date2, status, size, owner
FROM ops.metrica_storage_snapshots
WHERE request_id != 0
    AND (counter_id, at) IN (
        SELECT s.counter_id, max(s.at) FROM ops.metrica_storage_snapshots AS s GROUP BY s.counter_id
    )
COMMENT 'Кто занимает 10 ГБ счётчика у Метрики: последний снимок, одна строка на запрос'
