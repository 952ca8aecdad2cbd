-- The way of Metrica visits from untouched lines to typed rows: a door, a typing view, two exits.
--
-- A line of a part comes in whole. The context of the insert says what its cells are:
--   heading     the part's column names; columns: our column of each ('' for a cell we do not keep)
--   first_day   the first counter day of the request; load_ids[n] is the load of its n-th day
--   counter_id, time_zone (of the counter), part, first_line (number of the block's first line)
CREATE TABLE IF NOT EXISTS staging.metrica_visits
(
    line String COMMENT 'Строка выгрузки без изменений'
)
ENGINE = Null
COMMENT 'Дверь: строки выгрузки Logs API, источник visits';

CREATE TABLE IF NOT EXISTS staging.metrica_visits_typed
(
    unit_key String,
    load_id UUID,
    part UInt32,
    line_number UInt64,
    line String,
    counter_id Nullable(UInt32),
    visit_id Nullable(UInt64),
    started_at Nullable(DateTime('UTC')),
    counter_user_id_hash Nullable(UInt64),
    client_id Nullable(UInt64),
    is_new_user Nullable(UInt8),
    is_bounce Nullable(UInt8),
    page_views Nullable(Int32),
    visit_duration_seconds Nullable(UInt32),
    start_url String,
    end_url String,
    referer String,
    traffic_source String,
    search_engine String,
    device String,
    operating_system String,
    browser String,
    city String,
    bad_field LowCardinality(String)
)
ENGINE = Null
COMMENT 'Строки после приведения типов; bad_field — первое поле, которое не принято';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.metrica_visits_typing TO staging.metrica_visits_typed AS
WITH
    getSetting('log_comment') AS context,
    JSONExtract(context, 'columns', 'Array(String)') AS columns,
    JSONExtract(context, 'load_ids', 'Array(UUID)') AS load_ids,
    toDateOrZero(JSONExtractString(context, 'first_day')) AS first_day,
    JSONExtract(context, 'counter_id', 'UInt32') AS ordered_counter,
    JSONExtractString(context, 'time_zone') AS time_zone,
    -- A column that the part does not have points beyond the cells and reads as an empty one.
    (name -> cells[if(has(columns, name), indexOf(columns, name), length(columns) + 1)]) AS cell,
    -- What looks like an e-mail address, a telephone or SNILS of a visitor in a form's address.
    (url -> if(
        position(url, '=') > 0,
        replaceRegexpAll(
            url,
            '([=+:;,]|%20)(?:[\\w.%+-]+(?:@|%40)[\\w-]+(?:\\.[\\w-]+)+|(?:\\+|%2B)?[78]?9\\d{9}\\b|\\d{3}-\\d{3}-\\d{3}(?:[ +-]|%20)\\d{2}\\b)',
            '\\1***'),
        url)) AS masked
SELECT
    concat(toString(ordered_counter), '/', toString(unit_day)) AS unit_key,
    load_ids[toUInt32(unit_day - first_day) + 1] AS load_id,
    JSONExtract(context, 'part', 'UInt32') AS part,
    place AS line_number,
    line,
    accurateCastOrNull(cell('counter_id'), 'UInt32') AS counter_id,
    accurateCastOrNull(cell('visit_id'), 'UInt64') AS visit_id,
    parseDateTimeOrNull(cell('started_at'), '%Y-%m-%d %H:%i:%s', if(time_zone = '', 'UTC', time_zone)) AS started_at,
    accurateCastOrNull(if(empty(cell('counter_user_id_hash')), '0', cell('counter_user_id_hash')), 'UInt64') AS counter_user_id_hash,
    accurateCastOrNull(if(empty(cell('client_id')), '0', cell('client_id')), 'UInt64') AS client_id,
    accurateCastOrNull(cell('is_new_user'), 'UInt8') AS is_new_user,
    accurateCastOrNull(cell('is_bounce'), 'UInt8') AS is_bounce,
    accurateCastOrNull(cell('page_views'), 'Int32') AS page_views,
    accurateCastOrNull(cell('visit_duration_seconds'), 'UInt32') AS visit_duration_seconds,
    masked(cell('start_url')) AS start_url,
    masked(cell('end_url')) AS end_url,
    masked(cell('referer')) AS referer,
    cell('traffic_source') AS traffic_source,
    cell('search_engine') AS search_engine,
    cell('device') AS device,
    cell('operating_system') AS operating_system,
    cell('browser') AS browser,
    cell('city') AS city,
    multiIf(
        length(cells) != length(columns), 'cells',
        is_of_span = 0, 'day',
        counter_id IS NULL OR counter_id != ordered_counter, 'counter_id',
        visit_id IS NULL, 'visit_id',
        started_at IS NULL, 'started_at',
        counter_user_id_hash IS NULL, 'counter_user_id_hash',
        client_id IS NULL, 'client_id',
        is_new_user IS NULL OR is_new_user > 1, 'is_new_user',
        is_bounce IS NULL OR is_bounce > 1, 'is_bounce',
        page_views IS NULL OR page_views < 0, 'page_views',
        visit_duration_seconds IS NULL, 'visit_duration_seconds',
        '') AS bad_field
FROM
(
    SELECT
        line,
        place,
        cells,
        toDate(parseDateTimeOrNull(cell('day'), '%Y-%m-%d', 'UTC')) AS day,
        ifNull(length(cells) = length(columns) AND day >= first_day AND day < first_day + length(load_ids), 0) AS is_of_span,
        if(is_of_span = 1, assumeNotNull(day), first_day) AS unit_day
    FROM
    (
        SELECT
            line,
            JSONExtract(context, 'first_line', 'UInt64') + rowNumberInBlock() AS place,
            if(
                position(line, '\\') = 0 AND position(line, '"') = 0,
                splitByChar('\t', line),
                arrayMap(
                    c -> arrayStringConcat(
                        arrayMap(
                            piece -> replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(
                                piece, '\\t', '\t'), '\\n', '\n'), '\\r', '\r'), '\\''', ''''), '\\0', '\0'), '\\b', '\b'), '\\f', '\f'),
                            splitByString('\\\\', c)),
                        '\\'),
                    arrayMap(
                        c -> if(
                            length(c) > 1 AND startsWith(c, '"') AND endsWith(c, '"')
                                AND position(replaceAll(substring(c, 2, greatest(length(c), 2) - 2), '""', ''), '"') = 0,
                            replaceAll(substring(c, 2, greatest(length(c), 2) - 2), '""', '"'),
                            c),
                        splitByChar('\t', line)))) AS cells
        FROM staging.metrica_visits
    )
);

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.metrica_visits_loading TO core.metrica_visits AS
SELECT
    unit_key,
    load_id,
    part,
    line_number AS line,
    assumeNotNull(t.counter_id) AS counter_id,
    assumeNotNull(t.visit_id) AS visit_id,
    assumeNotNull(t.started_at) AS started_at,
    assumeNotNull(t.counter_user_id_hash) AS counter_user_id_hash,
    assumeNotNull(t.client_id) AS client_id,
    assumeNotNull(t.is_new_user) = 1 AS is_new_user,
    assumeNotNull(t.is_bounce) = 1 AS is_bounce,
    assumeNotNull(t.page_views) AS page_views,
    assumeNotNull(t.visit_duration_seconds) AS visit_duration_seconds,
    start_url,
    end_url,
    referer,
    traffic_source,
    search_engine,
    device,
    operating_system,
    browser,
    city
FROM staging.metrica_visits_typed AS t
WHERE bad_field = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.metrica_visits_quarantining TO ops.quarantine AS
WITH
    getSetting('log_comment') AS context,
    JSONExtract(context, 'columns', 'Array(String)') AS columns,
    JSONExtract(context, 'heading', 'Array(String)') AS heading,
    toDateOrZero(JSONExtractString(context, 'first_day')) AS first_day,
    first_day + length(JSONExtractArrayRaw(context, 'load_ids')) - 1 AS last_day,
    -- Numbers, dates and code words are shown; what may be a person's, a telephone too, is not.
    (c -> if(match(c, '^[0-9A-Za-z_.: -]{0,40}$') AND NOT match(c, '^[78]?9\\d{9}$'), c, '***')) AS shown,
    splitByChar('\t', t.line) AS raw_cells,
    indexOf(columns, toString(bad_field)) AS place
SELECT
    load_id,
    'metrica' AS source,
    unit_key AS unit,
    concat('part ', toString(part)) AS sheet,
    line_number AS line,
    if(place = 0, '', heading[place]) AS field,
    concat(
        if(place = 0, toString(length(raw_cells)), concat('\'', shown(raw_cells[place]), '\'')),
        multiIf(
            bad_field = 'cells', concat(' cells where the heading has ', toString(length(columns))),
            bad_field = 'day', concat(' is not a day of the order, ', toString(first_day), '…', toString(last_day)),
            bad_field = 'counter_id', concat(' is not the counter ordered, ', JSONExtractString(context, 'counter_id')),
            bad_field = 'started_at', ' is not a time as YYYY-MM-DD hh:mm:ss',
            bad_field IN ('is_new_user', 'is_bounce'), ' is neither 0 nor 1',
            bad_field = 'page_views', ' is not a whole number from 0 to 2147483647',
            bad_field = 'visit_duration_seconds', ' is not a whole number from 0 to 4294967295',
            ' is not a whole number from 0 to 18446744073709551615')) AS reason,
    arrayStringConcat(arrayMap(c -> shown(c), raw_cells), '	') AS masked_row
FROM staging.metrica_visits_typed AS t
WHERE bad_field != '';
