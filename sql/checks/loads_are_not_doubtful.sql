-- В опубликованных файлах нет сомнительного: что именно, говорит текст; загрузите исправленный файл.
-- severity: warn
SELECT source, unit, code, text, sum(times) AS times
FROM ops.load_warnings
WHERE NOT startsWith(code, 'unknown_') AND code NOT IN ('hidden_sheet', 'no_table', 'no_data')
    AND source != 'metrica' AND load_id IN (SELECT load_id FROM ops.published)
GROUP BY source, unit, code, text
ORDER BY source, unit, code, text
