-- The way of SMEV messages from text to typed events: three staging tables (XML messages, journal lines,
-- log lines), one check
-- of what each of them says, two exits. Rendered with the words of reference/smev.yaml and re-created when the text
-- changes: nothing is stored here.
--
-- The context of an insert says load_id, unit_key, unit and source; time_zone of the stamps without one; for lines
-- also sheet and first_line, the number of the block's first line.
--
-- Each step is a query of its own: a name of WITH is analysed again at each use.
{%- set uuid = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'" %}
{%- set name = "'^[\\\\p{L}\\\\p{N}_.-]+$'" %}
{%- set stamp = "'^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{1,9})? ?(Z|[+-][0-9]{2}:?[0-9]{2})?$'" %}
{%- set context = "JSONExtractString(getSetting('log_comment'), '%s')" %}
{#- A zone must be a constant; when the view is made there is no context yet. #}
{%- set time_zone = "ifNull(nullIf(" ~ context % 'time_zone' ~ ", ''), 'UTC')" %}
{%- set line_number = "JSONExtractUInt(getSetting('log_comment'), 'first_line') + rowNumberInBlock()" %}
{%- set line_text = "if(isValidUTF8(line), line, convertCharset(line, 'windows-1251', 'UTF-8'))" %}

{%- macro array(words) %}[{{ words | map('literal') | join(', ') }}]{% endmacro %}

{%- macro instant(text) -%}
    parseDateTime64BestEffortOrNull(if(match({{ text }}, {{ stamp }}), replaceOne({{ text }}, ',', '.'), ''), 3, {{ time_zone }})
{%- endmacro %}

{#- Why a row of text is no event: casts, shapes, and the first thing that is wrong with it. Values are held to the
    shape of an id, a mnemonic or a URI, so that no sentence about a person passes for one. #}
{%- macro checked(rows) %}
SELECT
    {{ context % 'unit_key' }} AS unit_key,
    toUUIDOrZero({{ context % 'load_id' }}) AS load_id,
    {{ context % 'source' }} AS source,
    {{ context % 'unit' }} AS unit,
    c.sheet AS sheet,
    c.line AS line,
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
    c.is_test = '1' OR match(c.sender, {{ test_sender | literal }}) AS is_test,
    c.sent AS sent_at,
    c.delivered AS delivered_at,
    c.logged AS logged_at,
    if(c.answer_kind = '', 'none', c.answer_kind) AS answer_kind,
    if(c.reject_code = '' OR match(c.reject_code, '^[A-Z_]+$'), c.reject_code, 'OTHER') AS reject_code,
    c.fault_name AS fault_name,
    toUInt16OrZero(c.smev_error) AS smev_error,
    if(c.ack = '', 'none', c.ack) AS ack,
    c.bad_field AS field,
    multiIf(
        c.problem != '', c.problem,
        c.bad_field = '', '',
        c.bad_field IN ('reference_message_id', 'original_message_id'), 'the id is no UUID',
        c.bad_field = 'message_id', if(c.message_id = '', 'a request without an id cannot be counted', 'the id is no UUID'),
        c.bad_field IN ('delivered_at', 'logged_at') OR c.sent_at != '', 'the time is no ISO 8601 date and time of this century',
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
            message_id != '' AND NOT is_uuid, 'message_id',
            reference_message_id != '' AND NOT match(reference_message_id, {{ uuid }}), 'reference_message_id',
            original_message_id != '' AND NOT match(original_message_id, {{ uuid }}), 'original_message_id',
            sent_at != '' AND sent IS NULL, 'sent_at',
            delivered_at != '' AND delivered IS NULL, 'delivered_at',
            logged_at != '' AND logged IS NULL, 'logged_at',
            sender != '' AND NOT (match(sender, {{ name }}) AND length(sender) <= 64), 'sender',
            recipient != '' AND NOT (match(recipient, {{ name }}) AND length(recipient) <= 64), 'recipient',
            match(namespace, '\\s') OR length(namespace) > 500, 'namespace',
            root_element != '' AND NOT (match(root_element, {{ name }}) AND length(root_element) <= 200), 'root_element',
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
            *,
            -- An operation knows which way it goes; the word in a journal may mean either side's view.
            multiIf(directed != '', directed, direction IN ('in', 'out'), direction, 'unknown') AS way,
            if(
                is_uuid AND substring(message_id, 15, 1) = '1' AND id_milliseconds BETWEEN 946684800000 AND 4102444800000,
                fromUnixTimestamp64Milli(id_milliseconds, 'UTC'),
                NULL
            ) AS id_at
        FROM
        (
            SELECT
                *,
                match(message_id, {{ uuid }}) AS is_uuid,
                {{ instant('sent_at') }} AS sent,
                {{ instant('delivered_at') }} AS delivered,
                {{ instant('logged_at') }} AS logged,
                -- The time of a version 1 UUID: steps of 100 ns since 1582-10-15, in UTC.
                intDiv(
                    toInt64(reinterpretAsUInt64(reverse(unhex(concat(
                        '0', substring(message_id, 16, 3), substring(message_id, 10, 4), substring(message_id, 1, 8)
                    ))))) - 122192928000000000,
                    10000
                ) AS id_milliseconds,
                transform(operation, {{ array(operations) }}, {{ array(operations.values()) }}, '') AS directed
            FROM
            (
{{ rows }}
            )
        )
    )
) AS c
{%- endmacro %}

DROP VIEW IF EXISTS staging.smev_messages_checked SYNC;
DROP VIEW IF EXISTS staging.smev_journal_lines_checked SYNC;
DROP VIEW IF EXISTS staging.smev_log_lines_checked SYNC;
DROP VIEW IF EXISTS staging.smev_checked_good SYNC;
DROP VIEW IF EXISTS staging.smev_checked_bad SYNC;
DROP TABLE IF EXISTS staging.smev_messages SYNC;
DROP TABLE IF EXISTS staging.smev_journal_lines SYNC;
DROP TABLE IF EXISTS staging.smev_log_lines SYNC;
DROP TABLE IF EXISTS staging.smev_checked SYNC;

CREATE TABLE staging.smev_messages
(
    sheet String,
    line String,
    line_hash String,
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
    answer_kind String,
    reject_code String,
    fault_name String,
    smev_error String,
    ack String,
    problem String
)
ENGINE = Null
COMMENT 'Приём: сообщения XML текстом; problem — почему сообщение не разобрать';

CREATE TABLE staging.smev_journal_lines
(
    line String
)
ENGINE = Null
COMMENT 'Приём: строки журнала адаптера (JSON) нетронутыми';

CREATE TABLE staging.smev_log_lines
(
    line String
)
ENGINE = Null
COMMENT 'Приём: строки текстового лога адаптера нетронутыми';

CREATE TABLE staging.smev_checked
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
    ack Enum8('none' = 0, 'accepted' = 1, 'refused' = 2),
    field String,
    reason String
)
ENGINE = Null
COMMENT 'Проверенные строки: reason пуст у годных';

CREATE MATERIALIZED VIEW staging.smev_messages_checked TO staging.smev_checked AS
{%- set rows %}
                SELECT
                    m.* EXCEPT (line, line_hash),
                    toUInt64OrZero(m.line) AS line,
                    toUInt64OrZero(m.line_hash) AS line_hash,
                    'envelope' AS format,
                    '' AS logged_at,
                    '' AS problem_field
                FROM staging.smev_messages AS m
{%- endset %}
{{- checked(rows) }};

-- A journal line: only the keys that reference/smev.yaml lists go on, whatever their spelling; others, and content
-- above all, end here.
{%- macro value(field) -%}
    {%- set words = journal_words[field] -%}
    {%- if words | length == 1 -%}
        trimBoth(values[indexOf(names, {{ words[0] | literal }})])
    {%- else -%}
        trimBoth(arrayFirst(v -> v != '', [{% for word in words %}values[indexOf(names, {{ word | literal }})]{{ ', ' if not loop.last }}{% endfor %}]))
    {%- endif -%}
{%- endmacro %}

CREATE MATERIALIZED VIEW staging.smev_journal_lines_checked TO staging.smev_checked AS
{%- set rows %}
                SELECT
                    {{ context % 'sheet' }} AS sheet,
                    number AS line,
                    line_hash,
                    'journal' AS format,
                    operation,
                    direction,
                    known_type AS message_type,
                    message_id,
                    reference_message_id,
                    original_message_id,
                    '' AS reply_key,
                    if(match(replied_client, {{ uuid }}), replied_client, '') AS reply_message_id,
                    sender,
                    recipient,
                    namespace,
                    root_element,
                    if(test_word IN ('true', '1'), '1', '') AS is_test,
                    sent_at,
                    delivered_at,
                    logged_at,
                    multiIf(
                        known_type = 'STATUS', 'status',
                        known_type = 'RESPONSE' AND reject_code != '', 'rejected',
                        known_type = 'RESPONSE', 'content',
                        ''
                    ) AS answer_kind,
                    reject_code,
                    '' AS fault_name,
                    if(error_number != '', error_number, text_number) AS smev_error,
                    multiIf(
                        operation != 'AckRequest', '',
                        smev_error != '' OR known_type = 'ERROR', 'refused',
                        'accepted'
                    ) AS ack,
                    if(type_word != '' AND known_type = '', 'message_type', '') AS problem_field,
                    multiIf(
                        is_broken, 'the line is no JSON object: cut or damaged',
                        operation_word = '' AND type_word = '' AND message_id = '', 'the line has none of the fields operation, message_type and message_id of a journal',
                        type_word != '' AND known_type = '', 'the message type is none of those that reference/smev.yaml lists under message_types',
                        ''
                    ) AS problem
                FROM
                (
                    SELECT
                        *,
                        transform(operation_word, {{ array(operation_words) }}, {{ array(operation_words.values()) }}, '') AS operation,
                        transform(type_word, {{ array(type_words) }}, {{ array(type_words.values()) }}, '') AS known_type
                    FROM
                    (
                        SELECT
                            number,
                            line_hash,
                            empty(names) AS is_broken,
                            replaceRegexpOne(lower({{ value('operation') }}), '^urn:', '') AS operation_word,
                            lower({{ value('message_type') }}) AS type_word,
                            lower({{ value('direction') }}) AS direction,
                            lower({{ value('message_id') }}) AS message_id,
                            lower({{ value('reference_message_id') }}) AS reference_message_id,
                            lower({{ value('original_message_id') }}) AS original_message_id,
                            lower({{ value('reply_to_client_id') }}) AS replied_client,
                            {{ value('sender') }} AS sender,
                            {{ value('recipient') }} AS recipient,
                            {{ value('namespace') }} AS namespace,
                            {{ value('root_element') }} AS root_element,
                            lower({{ value('test_message') }}) AS test_word,
                            {{ value('sent_at') }} AS sent_at,
                            {{ value('delivered_at') }} AS delivered_at,
                            {{ value('logged_at') }} AS logged_at,
                            {{ value('reject_code') }} AS reject_code,
                            extract({{ value('error_code') }}, 'SMEV-([0-9]{1,4})') AS error_number,
                            -- Of the words, which quote persons, only a number at their very beginning.
                            extract({{ value('error_text') }}, '^SMEV-([0-9]{1,4})') AS text_number
                        FROM
                        (
                            SELECT
                                number,
                                line_hash,
                                arrayMap(pair -> lower(replaceAll(pair.1, '_', '')), pairs) AS names,
                                pairs.2 AS values
                            FROM
                            (
                                SELECT
                                    number,
                                    cityHash64(text) AS line_hash,
                                    -- A null is no pair at all, like a key that is missing.
                                    JSONExtractKeysAndValues(text, 'String') AS pairs
                                FROM
                                (
                                    SELECT {{ line_number }} AS number, {{ line_text }} AS text
                                    FROM staging.smev_journal_lines
                                )
                                WHERE notEmpty(trimBoth(text, ' \t\r'))
                            )
                        )
                    )
                )
{%- endset %}
{{- checked(rows) }};

-- A log line: the first line of an entry that holds one of the known texts; other lines say nothing about a message,
-- and their words may name persons. Of several texts in a line the one that the reference lists first decides.
{%- macro told(key, signs) -%}
    if(
        position(text, '{{ key }}=') > 0,
        extract(substring(text, position(text, '{{ key }}=') + {{ key | length + 1 }}, 600), '^[^\\s,;){{ signs }}]+'),
        '')
{%- endmacro %}

CREATE MATERIALIZED VIEW staging.smev_log_lines_checked TO staging.smev_checked AS
{%- set rows %}
                SELECT
                    {{ context % 'sheet' }} AS sheet,
                    number AS line,
                    cityHash64(text) AS line_hash,
                    'text' AS format,
                    {{ array(event_operations) }}[event] AS operation,
                    '' AS direction,
                    transform(type_word, {{ array(type_words) }}, {{ array(type_words.values()) }}, {{ array(event_types) }}[event]) AS message_type,
                    lower({{ told('messageId', ':') }}) AS message_id,
                    '' AS reference_message_id,
                    lower({{ told('originalMessageId', ':') }}) AS original_message_id,
                    '' AS reply_key,
                    '' AS reply_message_id,
                    {{ told('sender', '') }} AS sender,
                    {{ told('recipient', '') }} AS recipient,
                    {{ told('namespace', '') }} AS namespace,
                    '' AS root_element,
                    '' AS is_test,
                    '' AS sent_at,
                    '' AS delivered_at,
                    replaceRegexpOne(stamp, '^([0-9]{4})\\.([0-9]{2})\\.', '\\1-\\2-') AS logged_at,
                    if(message_type = 'RESPONSE', 'content', '') AS answer_kind,
                    '' AS reject_code,
                    {{ array(event_faults) }}[event] AS fault_name,
                    if(position(text, 'SMEV-') > 0, extract(text, 'SMEV-([0-9]{1,4})'), '') AS smev_error,
                    if({{ array(event_acks) }}[event] = 'accepted' AND position(text, 'accepted=false') > 0, 'refused', {{ array(event_acks) }}[event]) AS ack,
                    '' AS problem_field,
                    '' AS problem
                FROM
                (
                    SELECT
                        *,
                        arrayMin(multiMatchAllIndices(text, {{ array(event_patterns) }})) AS event,
                        extract(text, '^\\[?(20[0-9]{2}[-.][0-9]{2}[-.][0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,6})?)') AS stamp,
                        lower({{ told('messageType', '') }}) AS type_word
                    FROM
                    (
                        SELECT {{ line_number }} AS number, {{ line_text }} AS text
                        FROM staging.smev_log_lines
                    )
                    WHERE multiMatchAny(text, {{ array(event_patterns) }})
                )
                WHERE stamp != ''
{%- endset %}
{{- checked(rows) }};

CREATE MATERIALIZED VIEW staging.smev_checked_good TO core.smev_event_rows AS
SELECT * EXCEPT (source, unit, field, reason)
FROM staging.smev_checked
WHERE reason = '';

CREATE MATERIALIZED VIEW staging.smev_checked_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, '' AS masked_row
FROM staging.smev_checked
WHERE reason != '';
