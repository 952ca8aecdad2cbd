-- The adapter's text log: untouched lines. Only lines that hold one of the texts listed in
-- reference/smev.yaml are read; other lines say nothing about a message and may name persons. Where a line
-- holds several of the texts, the one listed first decides. The line's time is the first one before the text,
-- whatever else stands there. A line without one is dated by its message id; if it has none, it is a fault
-- that a trace repeats, or it cannot be taken. The first line may be the rest of one that rotation cut.
{% from 'macros/smev_checked.sql' import array, checked, context, line_number, line_text, mapped
    with context -%}
{%- set log_stamp = "'\\\\b((?:20[0-9]{2}[-./][0-9]{2}[-./][0-9]{2}|[0-9]{2}\\\\.[0-9]{2}\\\\.20[0-9]{2})"
    ~ "[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?"
    ~ "(?: ?(?:Z|UTC|GMT|MSK|[+-][0-9]{2}:?[0-9]{2})\\\\b|[+-][0-9]{2}\\\\b)?)'" %}
{#- The same time as log_stamp finds, where it is the first thing of a line and has no zone. #}
{%- set usual_stamp = "'^\\\\[?20[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}[.,][0-9]{3}"
    ~ "(\\\\]| [^ZUGM+-])'" %}

{%- macro value_of(key, signs) -%}
    if(
        position(text, '{{ key }}=') > 0,
        extract(
            substring(text, position(text, '{{ key }}=') + {{ key | length + 1 }}, 600),
            '^[^\\s,;)"}{{ signs }}]+'),
        '')
{%- endmacro %}

DROP VIEW IF EXISTS staging.smev_log_lines_checked SYNC;
DROP TABLE IF EXISTS staging.smev_log_lines SYNC;

CREATE TABLE staging.smev_log_lines
(
    line String
)
ENGINE = Null
COMMENT 'Приём: строки текстового лога адаптера нетронутыми';

CREATE MATERIALIZED VIEW staging.smev_log_lines_checked TO staging.smev_checked AS
{%- set rows %}
                SELECT
                    {{ context % 'sheet' }} AS sheet,
                    number AS line,
                    cityHash64(text) AS line_hash,
                    'text' AS format,
                    {{ array(event_operations) }}[event] AS operation,
                    '' AS direction,
                    {{ mapped('type_word', type_words, array(event_types) ~ '[event]') }} AS message_type,
                    lower({{ value_of('messageId', ':') }}) AS message_id,
                    '' AS reference_message_id,
                    lower({{ value_of('originalMessageId', ':') }}) AS original_message_id,
                    '' AS reply_key,
                    '' AS reply_message_id,
                    {{ value_of('sender', '') }} AS sender,
                    {{ value_of('recipient', '') }} AS recipient,
                    {{ value_of('namespace', '') }} AS namespace,
                    '' AS root_element,
                    '' AS is_test,
                    '' AS sent_at,
                    '' AS delivered_at,
                    replaceRegexpOne(
                        replaceRegexpOne(stamp, '^([0-9]{4})[./]([0-9]{2})[./]', '\\1-\\2-'),
                        '^([0-9]{2})\\.([0-9]{2})\\.([0-9]{4})', '\\3-\\2-\\1'
                    ) AS logged_at,
                    if(message_type = 'RESPONSE', 'content', '') AS answer_kind,
                    '' AS reject_code,
                    {{ array(event_faults) }}[event] AS fault_name,
                    if(position(text, 'SMEV-') > 0, extract(text, 'SMEV-([0-9]{1,4})'), '') AS smev_error,
                    if(
                        {{ array(event_acks) }}[event] = 'accepted' AND position(text, 'accepted=false') > 0,
                        'refused',
                        {{ array(event_acks) }}[event]
                    ) AS ack,
                    if(names_nothing, 'logged_at', '') AS problem_field,
                    if(names_nothing, 'the line has neither a time nor a message id', '') AS problem
                FROM
                (
                    SELECT
                        *,
                        arrayMin(multiMatchAllIndices(text, {{ array(event_patterns) }})) AS event,
                        position(text, {{ array(event_texts) }}[event]) AS place,
                        -- Most lines begin with their time: looking for it elsewhere takes ten times as long.
                        if(
                            place > 24 AND match(text, {{ usual_stamp }}),
                            substring(text, if(startsWith(text, '['), 2, 1), 23),
                            extract(substring(text, 1, place - 1), {{ log_stamp }})
                        ) AS stamp,
                        stamp = '' AND position(text, 'messageId=') = 0 AS names_nothing,
                        lower({{ value_of('messageType', '') }}) AS type_word
                    FROM
                    (
                        SELECT {{ line_number }} AS number, {{ line_text }} AS text
                        FROM staging.smev_log_lines
                    )
                    WHERE multiMatchAny(text, {{ array(event_patterns) }})
                )
                WHERE NOT (names_nothing AND (number = 1 OR {{ array(event_operations) }}[event] = 'Fault'))
{%- endset %}
{{- checked(rows) }};
