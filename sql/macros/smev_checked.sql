{#- What the staging of SMEV messages shares: the context of an insert, small macros, and `checked`. Imported
    `with context`: the words of reference/smev.yaml come from the render.

    The context of an insert holds load_id, unit_key, unit, source, time_zone (for timestamps without offset);
    for lines also sheet and first_line, the number of the block's first line. #}
{%- set name = "'^[\\\\p{L}\\\\p{N}_.-]+$'" %}
{%- set stamp = "'^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    ~ "[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{1,9})? ?(Z|UTC|GMT|MSK|[+-][0-9]{2}(:?[0-9]{2})?)?$'" %}
{%- set context = "JSONExtractString(getSetting('log_comment'), '%s')" %}
{#- A zone must be a constant; when the view is created there is no context yet. #}
{%- set time_zone = "ifNull(nullIf(" ~ context % 'time_zone' ~ ", ''), 'UTC')" %}
{%- set line_number = "JSONExtractUInt(getSetting('log_comment'), 'first_line') + rowNumberInBlock()" %}
{%- set line_text = "if(isValidUTF8(line), line, convertCharset(line, 'windows-1251', 'UTF-8'))" %}

{#- Whether a text is a UUID in lower case; half the time of a regular expression. #}
{%- macro is_uuid(text) %}toString(toUUIDOrZero({{ text }})) = {{ text }}{% endmacro %}

{%- macro array(words) %}[{{ words | map('literal') | join(', ') }}]{% endmacro %}

{%- macro mapped(word, meanings, otherwise="''") -%}
    transform({{ word }}, {{ array(meanings) }}, {{ array(meanings.values()) }}, {{ otherwise }})
{%- endmacro %}

{%- macro instant(text) -%}
    parseDateTime64BestEffortOrNull(
        if(match({{ text }}, {{ stamp }}), replaceOne({{ text }}, ',', '.'), ''), 3, {{ time_zone }})
{%- endmacro %}

{#- Casts and checks rows of text; `field` and `reason` are the first fault of a row. Values must have the
    form of an id, a mnemonic or a URI, so that no text about a person is stored as one. Each step is a query
    of its own: a name of WITH is analysed again at each use. #}
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
        c.bad_field = 'message_id',
        if(c.message_id = '', 'a request without an id cannot be counted', 'the id is no UUID'),
        c.bad_field IN ('delivered_at', 'logged_at') OR (c.bad_field = 'sent_at' AND c.sent_at != ''),
        'the time is no ISO 8601 date and time of this century',
        c.bad_field IN ('sender', 'recipient'),
        'the mnemonic has other signs than letters, digits, dot, hyphen and underscore, or more than 64',
        c.bad_field IN ('namespace', 'root_element'),
        'no name of a kind of information: blanks in it, or too long',
        c.bad_field = 'message_type', 'the message type is none that SMEV knows',
        c.bad_field = 'direction',
        'neither the direction (IN, OUT) nor the operation says who sent the request',
        'nothing dates the request: no time of sending, delivery or logging, no version 1 UUID'
    ) AS reason
FROM
(
    SELECT
        *,
        multiIf(
            problem != '', problem_field,
            message_id != '' AND NOT is_uuid, 'message_id',
            reference_message_id != '' AND NOT ({{ is_uuid('reference_message_id') }}),
            'reference_message_id',
            original_message_id != '' AND NOT ({{ is_uuid('original_message_id') }}), 'original_message_id',
            sent_at != '' AND sent IS NULL, 'sent_at',
            delivered_at != '' AND delivered IS NULL, 'delivered_at',
            logged_at != '' AND logged IS NULL, 'logged_at',
            sender != '' AND NOT (match(sender, {{ name }}) AND length(sender) <= 64), 'sender',
            recipient != '' AND NOT (match(recipient, {{ name }}) AND length(recipient) <= 64), 'recipient',
            match(namespace, '\\s') OR length(namespace) > 500, 'namespace',
            root_element != '' AND NOT (match(root_element, {{ name }}) AND length(root_element) <= 200),
            'root_element',
            message_type NOT IN
                ('', 'REQUEST', 'RESPONSE', 'BROADCAST', 'CANCEL', 'STATUS', 'ERROR', 'QUERY'),
            'message_type',
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
            -- An operation has one direction; the word in a journal may be either side's view.
            multiIf(directed != '', directed, direction IN ('in', 'out'), direction, 'unknown') AS way,
            if(
                is_uuid AND substring(message_id, 15, 1) = '1'
                    AND id_milliseconds BETWEEN 946684800000 AND 4102444800000,
                fromUnixTimestamp64Milli(id_milliseconds, 'UTC'),
                NULL
            ) AS id_at
        FROM
        (
            SELECT
                *,
                {{ is_uuid('message_id') }} AS is_uuid,
                {{ instant('sent_at') }} AS sent,
                {{ instant('delivered_at') }} AS delivered,
                {{ instant('logged_at') }} AS logged,
                -- The time of a version 1 UUID: steps of 100 ns since 1582-10-15, in UTC.
                intDiv(
                    toInt64(reinterpretAsUInt64(reverse(unhex(concat(
                        '0', substring(message_id, 16, 3), substring(message_id, 10, 4),
                        substring(message_id, 1, 8)
                    ))))) - 122192928000000000,
                    10000
                ) AS id_milliseconds,
                {{ mapped('operation', operations) }} AS directed
            FROM
            (
{{ rows }}
            )
        )
    )
) AS c
{%- endmacro %}
