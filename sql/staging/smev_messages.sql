-- SMEV messages: one row of text for each XML message, from sources/smev/envelopes.py.
{% from 'macros/smev_checked.sql' import checked with context -%}

DROP VIEW IF EXISTS staging.smev_messages_checked SYNC;
DROP TABLE IF EXISTS staging.smev_messages SYNC;

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
