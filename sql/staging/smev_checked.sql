-- Where the rows of SMEV messages, journals and logs meet: checked, typed, and sent to core or to quarantine.
-- All of staging/smev_*.sql is rendered with the words of reference/smev.yaml and re-created when a text
-- changes.

{% for name in ['smev_messages', 'smev_journal_lines', 'smev_log_lines'] -%}
DROP VIEW IF EXISTS staging.{{ name }}_checked SYNC;
{% endfor -%}
DROP VIEW IF EXISTS staging.smev_checked_good SYNC;
DROP VIEW IF EXISTS staging.smev_checked_bad SYNC;
DROP TABLE IF EXISTS staging.smev_checked SYNC;

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

CREATE MATERIALIZED VIEW staging.smev_checked_good TO core.smev_event_rows AS
SELECT * EXCEPT (source, unit, field, reason)
FROM staging.smev_checked
WHERE reason = '';

CREATE MATERIALIZED VIEW staging.smev_checked_bad TO ops.quarantine AS
SELECT load_id, source, unit, sheet, line, field, reason, '' AS masked_row
FROM staging.smev_checked
WHERE reason != '';
