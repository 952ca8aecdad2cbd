-- The adapter's journal: untouched JSON lines. Only the keys that reference/smev.yaml lists are read, in any
-- spelling; all others, and above all the content of messages, are dropped here.
{% from 'macros/smev_checked.sql' import checked, context, is_uuid, line_number, line_text, mapped
    with context -%}

{%- macro value(field) -%}
    {%- set words = journal_words[field] -%}
    {%- if words | length == 1 -%}
        trimBoth(values[indexOf(names, {{ words[0] | literal }})])
    {%- else -%}
        trimBoth(arrayFirst(v -> v != '', [
        {%- for word in words %}
            values[indexOf(names, {{ word | literal }})]{{ ',' if not loop.last }}
        {%- endfor %}
        ]))
    {%- endif -%}
{%- endmacro %}

DROP VIEW IF EXISTS staging.smev_journal_lines_checked SYNC;
DROP TABLE IF EXISTS staging.smev_journal_lines SYNC;

CREATE TABLE staging.smev_journal_lines
(
    line String
)
ENGINE = Null
COMMENT 'Приём: строки журнала адаптера (JSON) нетронутыми';

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
                    if({{ is_uuid('replied_client') }}, replied_client, '') AS reply_message_id,
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
                        operation_word = '' AND type_word = '' AND message_id = '',
                        'the line has none of the fields operation, message_type and message_id of a journal',
                        type_word != '' AND known_type = '',
                        'the message type is not listed under message_types of reference/smev.yaml',
                        ''
                    ) AS problem
                FROM
                (
                    SELECT
                        *,
                        {{ mapped('operation_word', operation_words) }} AS operation,
                        {{ mapped('type_word', type_words) }} AS known_type
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
                            -- The text may quote persons: only a number at its very beginning is read.
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
                                    -- A null yields no pair, like a missing key.
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
