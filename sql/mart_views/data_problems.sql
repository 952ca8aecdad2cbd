{% from 'macros/missing_days.sql' import members -%}
(
    source LowCardinality(String)
        COMMENT 'Источник: metrica сайт, gosuslugi услуги, smev СМЭВ, registers реестры',
    unit String COMMENT 'Файл, или счётчик и день',
    kind LowCardinality(String)
        COMMENT 'Вид: rejected не загружено, quarantined карантин, warned замечание, missing_days пропуск, reconciliation расхождение с Метрикой',
    reason String COMMENT 'Причина, без персональных данных',
    day Date COMMENT 'День: когда загружали файл, или день данных',
    rows UInt64
        COMMENT 'Сколько: строк карантина, замечаний, дней пропуска, визитов расхождения; не загружено — 1'
)
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS
-- Read with the rights of whoever made it: the ledger is not for the readers of marts. Computed when it is
-- read, so that the morning sees what the night left.
WITH
    (SELECT any(time_zone) FROM marts.data_coverage) AS zone,
    ifNull(nullIf(zone, ''), 'UTC') AS local,
    toDate(now('UTC'), local) AS today,
    (day -> formatDateTime(day, '%d.%m.%Y')) AS shown,
    -- The day that the data of a counter speak of; of a file the day on which it was loaded.
    (unit, at) -> ifNull(toDateOrNull(splitByChar('/', unit)[2]), toDate(at, local)) AS day_of,
    attempts AS
    (
        SELECT
            e.source AS source,
            e.dataset AS dataset,
            e.unit_key AS unit_key,
            argMax(e.unit, e.at) AS unit,
            argMax(e.status, e.at) AS status,
            argMax(e.message, e.at) AS message,
            max(e.at) AS at
        FROM ops.load_events AS e
        WHERE e.status != 'running'
        GROUP BY e.source, e.dataset, e.unit_key
    ),
    published AS
    (
        SELECT p.load_id AS load_id, max(e.at) AS at
        FROM ops.published AS p
        INNER JOIN ops.load_events AS e ON e.load_id = p.load_id AND e.unit_key = p.unit_key
        GROUP BY p.load_id
    )
SELECT
    a.source AS source,
    a.unit AS unit,
    'rejected' AS kind,
    multiIf(
        position(a.message, '\n') > 0, substring(a.message, position(a.message, '\n') + 1),
        a.source = 'metrica', 'День не загружен или новый ответ Метрики не принят: осталась прежняя версия',
        'Файл не загружен из-за ошибки и ждёт следующей попытки'
    ) AS reason,
    day_of(a.unit, a.at) AS day,
    1 AS rows
FROM attempts AS a
LEFT JOIN
(
    SELECT source, unit, max(at) AS at FROM attempts WHERE status = 'published' GROUP BY source, unit
) AS later ON later.source = a.source AND later.unit = a.unit
-- A corrected file is another content. Without one, a month is long enough to be told.
WHERE a.status = 'failed' AND a.at > now64(6, 'UTC') - INTERVAL 31 DAY
    AND (position(a.unit, '***') > 0 OR later.at < a.at)
UNION ALL
SELECT
    q.source,
    q.unit,
    'quarantined',
    concat(
        if(q.field = '', '', concat('Поле «', q.field, '»: ')),
        multiIf(
            q.reason = 'empty', 'не заполнено',
            q.line = 0, 'лист или файл архива не читается',
            match(q.reason, 'damaged'), 'цифры кода испорчены табличным редактором',
            match(q.reason, 'date|day of the request|time|year'), 'не дата или невозможная дата',
            match(q.reason, 'personal data'), 'похоже на персональные данные',
            match(q.reason, 'id is no UUID|without an id'), 'нет верного идентификатора',
            match(q.reason, 'yes'), 'ни «да», ни «нет»',
            match(q.reason, 'number|amount|rating'), 'не число',
            match(q.reason, 'cells where'), 'не столько ячеек, сколько в заголовке',
            'значение не подходит'
        )
    ) AS why,
    day_of(q.unit, p.at) AS on_day,
    count()
FROM ops.quarantine AS q
INNER JOIN published AS p ON p.load_id = q.load_id
GROUP BY q.source, q.unit, why, on_day
UNION ALL
SELECT
    w.source,
    w.unit,
    'warned',
    transform(
        w.code,
        [
            'unknown_status', 'unknown_channel', 'total_differs', 'error_cells', 'hidden_sheet', 'no_table',
            'no_data',
            'many_quarantined',
            'future_file_time',
            'unknown_level',
            'repeated_key',
            'smaller_version',
            'cash_above_plan',
            'swapped_days',
            'blank_is_no',
            'lost_zeros',
            'long_cells',
            'no_known_event',
            'unknown_table',
            'summary_sheet',
            'parts_of_total',
            'parent_rows',
            'group_rows',
            'year_from_name',
            'repeated_rows',
            'sheet_of_sums',
            'rows_below_total',
            'repeated_heading',
            'unknown_msu'
        ],
        [
            'Неизвестный статус', 'Неизвестный канал подачи', 'Итог не сходится со строками',
            'В ячейках ошибки формул', 'Скрытый лист не загружен', 'Лист без таблицы',
            'В таблице сказано, что данных нет', 'Много строк в карантине',
            'Файл датирован будущим: временем файла считается время загрузки',
            'Неизвестный уровень услуги',
            'Строки с одним ключом, но разными значениями',
            'Версия реестра намного меньше прежней',
            'Кассовое исполнение больше плана',
            'Похоже, что перепутаны день и месяц',
            'Пустые ячейки среди отметок приняты за «нет»',
            'Коды услуг отличаются только нулями в начале',
            'Слишком длинные ячейки обрезаны',
            'В логе нет ни одного известного события',
            'Ещё одна таблица на листе не распознана и не загружена',
            'Сводный лист не загружен: есть листы с подробностями',
            'Строки «в том числе» под итогом или строкой не загружены',
            'Строки, которые повторяют сумму других, учтены один раз',
            'Строки из одного названия приняты за заголовки групп',
            'Год в датах взят из имени файла',
            'Строки, одинаковые во всех столбцах, учтены один раз',
            'Лист равен сумме остальных листов, но загружен вместе с ними',
            'Строки под итогом, в который они не входят, загружены',
            'Столбцы с одинаковым заголовком: прочитан первый',
            'Непонятно, входит ли услуга в перечень МСЗУ'
        ],
        concat('Сомнительные данные (', toString(w.code), ')')
    ) AS why,
    day_of(w.unit, p.at) AS on_day,
    sum(w.times)
FROM ops.load_warnings AS w
INNER JOIN published AS p ON p.load_id = w.load_id
GROUP BY w.source, w.unit, why, on_day
UNION ALL
SELECT
    c.source,
    toString(c.counter_id),
    'missing_days',
    concat(
        'Не загружено: ',
        c.site,
        ', ',
        if(gap.1 = gap.2, shown(gap.1), concat(shown(gap.1), '–', shown(gap.2)))
    ),
    gap.1,
    toUInt64(gap.2 - gap.1 + 1)
FROM
(
    {{ members() | indent(4) }}
    WHERE counter_id != 0
) AS c
ARRAY JOIN c.gaps AS gap
UNION ALL
SELECT
    'metrica',
    concat(toString(r.counter_id), '/', toString(r.day)),
    'reconciliation',
    concat(
        'Визитов, посетителей, просмотров загружено ',
        arrayStringConcat([toString(r.visits), toString(r.visitors), toString(r.pageviews)], ', '),
        '; в отчёте Метрики ',
        arrayStringConcat(
            arrayMap(
                reported -> ifNull(toString(reported), 'нет'),
                [r.reported_visits, r.reported_visitors, r.reported_pageviews]
            ),
            ', '
        )
    ),
    r.day,
    toUInt64(abs(toInt64(r.visits) - toInt64(ifNull(r.reported_visits, 0))))
FROM marts.metrica_reconciliation AS r
WHERE r.is_within_tolerance = false
COMMENT 'Что не так с данными на момент чтения: одна строка на единицу и причину'
