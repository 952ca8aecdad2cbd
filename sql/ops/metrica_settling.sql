(
    counter_id UInt32 COMMENT 'Счётчик',
    source LowCardinality(String) COMMENT 'Что загружено: visits визиты, hits события',
    age_days UInt32 COMMENT 'Полных суток от конца дня до заказа прежней загрузки: дня такого возраста',
    reloads UInt64 COMMENT 'Повторных загрузок дней этого возраста',
    rows UInt64 COMMENT 'Строк в новых загрузках',
    gone UInt64 COMMENT 'Исчезло',
    added UInt64 COMMENT 'Добавилось',
    changed UInt64 COMMENT 'Изменилось',
    changing_share Nullable(Float64) COMMENT 'Доля строк, которые ещё изменились позже этого возраста, 0…1'
)
AS SELECT
    counter_id,
    source,
    toUInt32(intDiv(hours_before, 24)) AS age_days,
    count() AS reloads,
    sum(r.rows_after) AS rows,
    sum(r.gone) AS gone,
    sum(r.added) AS added,
    sum(r.changed) AS changed,
    if(rows = 0, NULL, (gone + added + changed) / rows) AS changing_share
FROM ops.metrica_reloads AS r
GROUP BY counter_id, source, age_days
ORDER BY counter_id, source, age_days
COMMENT 'Кривая устоявшихся данных: сколько строк дня ещё меняется, если день загружен в этом возрасте'
