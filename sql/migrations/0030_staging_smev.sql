-- SMEV's staging doors. Three doors of text (messages parsed from XML, journal lines, log lines)
-- lead into one check; good rows go on to core.smev_events, the others to ops.quarantine.
-- Nothing is stored here. What a door's views read besides the row stands in log_comment:
-- load, zone, and the words of reference/smev.yaml.
CREATE TABLE IF NOT EXISTS staging.smev_messages
(
    sheet String,
    line String,
    line_hash String,
    format String,
    operation String,
    direction String,
    message_type String,
    message_id String,
    reference_message_id String,
    original_message_id String,
    reply_key String,
    reply_message_id String,
    sender String,
    recipient String,
    namespace String,
    root_element String,
    is_test String,
    sent_at String,
    delivered_at String,
    logged_at String,
    answer_kind String,
    reject_code String,
    fault_name String,
    smev_error String,
    problem_field String,
    problem String
)
ENGINE = Null
COMMENT 'Дверь: сообщения текстом; problem — почему строку не разобрать';

CREATE TABLE IF NOT EXISTS staging.smev_journal_lines
(
    line String
)
ENGINE = Null
COMMENT 'Дверь: строки журнала адаптера (JSON) нетронутыми';

CREATE TABLE IF NOT EXISTS staging.smev_log_lines
(
    line String
)
ENGINE = Null
COMMENT 'Дверь: строки текстового лога адаптера нетронутыми';

CREATE TABLE IF NOT EXISTS staging.smev_checked
(
    unit_key String,
    load_id UUID,
    source String,
    unit String,
    sheet String,
    line UInt64,
    line_hash UInt64,
    format Enum8('envelope' = 1, 'journal' = 2, 'text' = 3),
    operation String,
    direction Enum8('unknown' = 0, 'in' = 1, 'out' = 2),
    message_type String,
    message_id String,
    message_id_at Nullable(DateTime64(3, 'UTC')),
    reference_message_id String,
    original_message_id String,
    reply_key String,
    reply_message_id String,
    sender String,
    recipient String,
    namespace String,
    root_element String,
    is_test Bool,
    sent_at Nullable(DateTime64(3, 'UTC')),
    delivered_at Nullable(DateTime64(3, 'UTC')),
    logged_at Nullable(DateTime64(3, 'UTC')),
    answer_kind Enum8('none' = 0, 'content' = 1, 'rejected' = 2, 'status' = 3, 'async' = 4),
    reject_code String,
    fault_name String,
    smev_error UInt16,
    field String,
    reason String
)
ENGINE = Null
COMMENT 'Проверенные строки: reason пуст у годных';

-- A journal line: only the keys that reference/smev.yaml lists go on, whatever their spelling;
-- others, and content above all, end here.
CREATE MATERIALIZED VIEW IF NOT EXISTS staging.smev_journal_lines_parsed TO staging.smev_messages AS
SELECT
    JSONExtractString(getSetting('log_comment'), 'sheet') AS sheet,
    toString(number) AS line,
    toString(sipHash64(text)) AS line_hash,
    'journal' AS format,
    transform(
        replaceRegexpOne(operation_word, '^urn:', ''),
        JSONExtract(getSetting('log_comment'), 'operation_words', 'Array(String)'),
        JSONExtract(getSetting('log_comment'), 'operation_names', 'Array(String)'),
        ''
    ) AS operation,
    lower(values[indexOf(names, 'direction')]) AS direction,
    known_type AS message_type,
    id AS message_id,
    lower(values[indexOf(names, 'reference_message_id')]) AS reference_message_id,
    lower(values[indexOf(names, 'original_message_id')]) AS original_message_id,
    '' AS reply_key,
    if(match(replied_client, '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'), replied_client, '') AS reply_message_id,
    values[indexOf(names, 'sender')] AS sender,
    values[indexOf(names, 'recipient')] AS recipient,
    values[indexOf(names, 'namespace')] AS namespace,
    values[indexOf(names, 'root_element')] AS root_element,
    if(lower(values[indexOf(names, 'test_message')]) IN ('true', '1'), '1', '') AS is_test,
    values[indexOf(names, 'sent_at')] AS sent_at,
    values[indexOf(names, 'delivered_at')] AS delivered_at,
    values[indexOf(names, 'logged_at')] AS logged_at,
    multiIf(
        known_type = 'STATUS', 'status',
        known_type = 'RESPONSE' AND reject != '', 'rejected',
        known_type = 'RESPONSE', 'content',
        ''
    ) AS answer_kind,
    reject AS reject_code,
    '' AS fault_name,
    extract(values[indexOf(names, 'error_code')], 'SMEV-([0-9]{1,4})') AS smev_error,
    if(type_word != '' AND known_type = '', 'message_type', '') AS problem_field,
    multiIf(
        is_broken, 'the line is no JSON object: cut or damaged',
        operation_word = '' AND type_word = '' AND id = '', 'the line has none of the fields operation, message_type and message_id of a journal',
        type_word != '' AND known_type = '', 'the message type is none of those that reference/smev.yaml lists under message_types',
        ''
    ) AS problem
FROM
(
    -- Every step is a subquery of its own: an alias used twice would be analysed, and may run, twice.
    SELECT
        number,
        text,
        empty(names) AS is_broken,
        lower(values[indexOf(names, 'operation')]) AS operation_word,
        lower(values[indexOf(names, 'message_type')]) AS type_word,
        transform(
            type_word,
            JSONExtract(getSetting('log_comment'), 'type_words', 'Array(String)'),
            JSONExtract(getSetting('log_comment'), 'type_names', 'Array(String)'),
            ''
        ) AS known_type,
        lower(values[indexOf(names, 'message_id')]) AS id,
        lower(values[indexOf(names, 'reply_to_client_id')]) AS replied_client,
        values[indexOf(names, 'reject_code')] AS reject,
        names,
        values
    FROM
    (
        SELECT
            number,
            text,
            arrayMap(
                pair -> transform(
                    lower(replaceAll(pair.1, '_', '')),
                    JSONExtract(getSetting('log_comment'), 'key_words', 'Array(String)'),
                    JSONExtract(getSetting('log_comment'), 'key_names', 'Array(String)'),
                    '-'
                ),
                pairs
            ) AS names,
            arrayMap(pair -> trimBoth(pair.2), pairs) AS values
        FROM
        (
            SELECT
                number,
                text,
                -- A null is no pair at all, like a key that is missing.
                JSONExtractKeysAndValues(text, 'String') AS pairs
            FROM
            (
                SELECT
                    JSONExtractUInt(getSetting('log_comment'), 'first_line') + rowNumberInBlock() AS number,
                    if(isValidUTF8(line), line, convertCharset(line, 'windows-1251', 'UTF-8')) AS text
                FROM staging.smev_journal_lines
            )
            WHERE notEmpty(trimBoth(text, ' \t\r'))
        )
    )
);

-- A log line: the first line of an entry that holds one of the known texts; other lines say
-- nothing about a message, and their words may name persons.
CREATE MATERIALIZED VIEW IF NOT EXISTS staging.smev_log_lines_parsed TO staging.smev_messages AS
SELECT
    JSONExtractString(getSetting('log_comment'), 'sheet') AS sheet,
    toString(number) AS line,
    toString(sipHash64(text)) AS line_hash,
    'text' AS format,
    arrayElement(JSONExtract(getSetting('log_comment'), 'event_operations', 'Array(String)'), event) AS operation,
    '' AS direction,
    type_name AS message_type,
    lower(extract(text, '\\bmessageId=([^\\s,;:)]+)')) AS message_id,
    '' AS reference_message_id,
    lower(extract(text, '\\boriginalMessageId=([^\\s,;:)]+)')) AS original_message_id,
    '' AS reply_key,
    '' AS reply_message_id,
    extract(text, '\\bsender=([^\\s,;)]+)') AS sender,
    extract(text, '\\brecipient=([^\\s,;)]+)') AS recipient,
    extract(text, '\\bnamespace=([^\\s,;)]+)') AS namespace,
    '' AS root_element,
    '' AS is_test,
    '' AS sent_at,
    '' AS delivered_at,
    replaceRegexpOne(stamp, '^([0-9]{4})\\.([0-9]{2})\\.', '\\1-\\2-') AS logged_at,
    if(type_name = 'RESPONSE', 'content', '') AS answer_kind,
    '' AS reject_code,
    '' AS fault_name,
    extract(text, 'SMEV-([0-9]{1,4})') AS smev_error,
    '' AS problem_field,
    '' AS problem
FROM
(
    SELECT
        number,
        text,
        stamp,
        event,
        arrayElement(JSONExtract(getSetting('log_comment'), 'event_types', 'Array(String)'), event) AS event_type,
        transform(
            lower(extract(text, '\\bmessageType=([A-Za-z]+)')),
            JSONExtract(getSetting('log_comment'), 'type_words', 'Array(String)'),
            JSONExtract(getSetting('log_comment'), 'type_names', 'Array(String)'),
            event_type
        ) AS type_name
    FROM
    (
        SELECT
            number,
            text,
            extract(text, '^\\[?(20[0-9]{2}[-.][0-9]{2}[-.][0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,6})?)') AS stamp,
            multiSearchFirstIndex(text, JSONExtract(getSetting('log_comment'), 'event_texts', 'Array(String)')) AS event
        FROM
        (
            SELECT
                JSONExtractUInt(getSetting('log_comment'), 'first_line') + rowNumberInBlock() AS number,
                if(isValidUTF8(line), line, convertCharset(line, 'windows-1251', 'UTF-8')) AS text
            FROM staging.smev_log_lines
        )
    )
    WHERE stamp != '' AND event > 0
);

-- The one check for all three: casts, shapes, and the first thing that is wrong with a row.
-- Values are held to the shape of an id, a mnemonic or a URI, so that no sentence about a person
-- passes for one.
CREATE MATERIALIZED VIEW IF NOT EXISTS staging.smev_messages_checked TO staging.smev_checked AS
WITH
    '^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{1,9})? ?(Z|[+-][0-9]{2}:?[0-9]{2})?$' AS stamp_shape,
    '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' AS uuid_shape,
    '^[\\p{L}\\p{N}_.-]+$' AS name_shape
SELECT
    JSONExtractString(getSetting('log_comment'), 'unit_key') AS unit_key,
    toUUIDOrZero(JSONExtractString(getSetting('log_comment'), 'load_id')) AS load_id,
    JSONExtractString(getSetting('log_comment'), 'source') AS source,
    JSONExtractString(getSetting('log_comment'), 'unit') AS unit,
    c.sheet AS sheet,
    c.line_number AS line,
    c.line_hash AS line_hash,
    c.format AS format,
    c.operation AS operation,
    c.way AS direction,
    c.message_type AS message_type,
    c.message_id AS message_id,
    c.id_at AS message_id_at,
    c.reference_message_id AS reference_message_id,
    c.original_message_id AS original_message_id,
    c.reply_key AS reply_key,
    c.reply_message_id AS reply_message_id,
    c.sender AS sender,
    c.recipient AS recipient,
    c.namespace AS namespace,
    c.root_element AS root_element,
    c.is_test = '1' OR match(c.sender, JSONExtractString(getSetting('log_comment'), 'test_sender')) AS is_test,
    c.sent AS sent_at,
    c.delivered AS delivered_at,
    c.logged AS logged_at,
    if(c.answer_kind = '', 'none', c.answer_kind) AS answer_kind,
    if(c.reject_code = '' OR match(c.reject_code, '^[A-Z_]+$'), c.reject_code, 'OTHER') AS reject_code,
    c.fault_name AS fault_name,
    toUInt16OrZero(c.smev_error) AS smev_error,
    c.bad_field AS field,
    multiIf(
        c.problem != '', c.problem,
        c.bad_field = '', '',
        c.bad_field IN ('reference_message_id', 'original_message_id'), 'the id is no UUID',
        c.bad_field = 'message_id', if(c.message_id = '', 'a request without an id cannot be counted', 'the id is no UUID'),
        c.bad_field IN ('delivered_at', 'logged_at') OR c.sent_text != '', 'the time is no ISO 8601 date and time of this century',
        c.bad_field IN ('sender', 'recipient'), 'the mnemonic has other signs than letters, digits, dot, hyphen and underscore, or more than 64',
        c.bad_field IN ('namespace', 'root_element'), 'no name of a kind of information: blanks in it, or too long',
        c.bad_field = 'message_type', 'the message type is none that SMEV knows',
        c.bad_field = 'direction', 'neither the direction (IN, OUT) nor the operation says who sent the request',
        'nothing dates the request: no time of sending, delivery or logging, no version 1 UUID'
    ) AS reason
FROM
(
    SELECT
        *,
        multiIf(
            problem != '', problem_field,
            message_id != '' AND NOT match(message_id, uuid_shape), 'message_id',
            reference_message_id != '' AND NOT match(reference_message_id, uuid_shape), 'reference_message_id',
            original_message_id != '' AND NOT match(original_message_id, uuid_shape), 'original_message_id',
            sent_text != '' AND sent IS NULL, 'sent_at',
            delivered_text != '' AND delivered IS NULL, 'delivered_at',
            logged_text != '' AND logged IS NULL, 'logged_at',
            sender != '' AND NOT (match(sender, name_shape) AND length(sender) <= 64), 'sender',
            recipient != '' AND NOT (match(recipient, name_shape) AND length(recipient) <= 64), 'recipient',
            match(namespace, '\\s') OR length(namespace) > 500, 'namespace',
            root_element != '' AND NOT (match(root_element, name_shape) AND length(root_element) <= 200), 'root_element',
            message_type NOT IN ('', 'REQUEST', 'RESPONSE', 'BROADCAST', 'CANCEL', 'STATUS', 'ERROR', 'QUERY'), 'message_type',
            message_type != 'REQUEST' OR way = 'out', '',
            message_id = '', 'message_id',
            way = 'unknown', 'direction',
            coalesce(sent, delivered, logged, id_at) IS NULL, 'sent_at',
            ''
        ) AS bad_field
    FROM
    (
        SELECT
            * EXCEPT (directed, id_milliseconds),
            -- An operation knows which way it goes; the word in a journal may mean either side's view.
            multiIf(directed != '', directed, direction IN ('in', 'out'), direction, 'unknown') AS way,
            if(
                match(message_id, uuid_shape) AND substring(message_id, 15, 1) = '1'
                    AND id_milliseconds BETWEEN 946684800000 AND 4102444800000,
                fromUnixTimestamp64Milli(id_milliseconds, 'UTC'),
                NULL
            ) AS id_at
        FROM
        (
            SELECT
                m.* EXCEPT (line, line_hash, sent_at, delivered_at, logged_at),
                toUInt64OrZero(m.line) AS line_number,
                toUInt64OrZero(m.line_hash) AS line_hash,
                m.sent_at AS sent_text,
                m.delivered_at AS delivered_text,
                m.logged_at AS logged_text,
                parseDateTime64BestEffortOrNull(
            if(match(m.sent_at, stamp_shape), replaceOne(m.sent_at, ',', '.'), ''),
            3,
            if(JSONExtractString(getSetting('log_comment'), 'time_zone') = '', 'UTC', JSONExtractString(getSetting('log_comment'), 'time_zone'))
        ) AS sent,
                parseDateTime64BestEffortOrNull(
            if(match(m.delivered_at, stamp_shape), replaceOne(m.delivered_at, ',', '.'), ''),
            3,
            if(JSONExtractString(getSetting('log_comment'), 'time_zone') = '', 'UTC', JSONExtractString(getSetting('log_comment'), 'time_zone'))
        ) AS delivered,
                parseDateTime64BestEffortOrNull(
            if(match(m.logged_at, stamp_shape), replaceOne(m.logged_at, ',', '.'), ''),
            3,
            if(JSONExtractString(getSetting('log_comment'), 'time_zone') = '', 'UTC', JSONExtractString(getSetting('log_comment'), 'time_zone'))
        ) AS logged,
                -- The time of a version 1 UUID: steps of 100 ns since 1582-10-15, in UTC.
                intDiv(
                    toInt64(reinterpretAsUInt64(reverse(unhex(concat(
                        '0', substring(m.message_id, 16, 3), substring(m.message_id, 10, 4), substring(m.message_id, 1, 8)
                    ))))) - 122192928000000000,
                    10000
                ) AS id_milliseconds,
                transform(
                    m.operation,
                    JSONExtract(getSetting('log_comment'), 'operations', 'Array(String)'),
                    JSONExtract(getSetting('log_comment'), 'operation_directions', 'Array(String)'),
                    ''
                ) AS directed
            FROM staging.smev_messages AS m
        )
    )
) AS c;

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.smev_checked_good TO core.smev_events AS
SELECT * EXCEPT (source, unit, field, reason)
FROM staging.smev_checked
WHERE reason = '';

CREATE MATERIALIZED VIEW IF NOT EXISTS staging.smev_checked_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, '' AS masked_row
FROM staging.smev_checked
WHERE reason != '';
