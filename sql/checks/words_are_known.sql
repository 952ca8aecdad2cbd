-- Слова опубликованных файлов есть в списках reference/: добавьте их и загрузите файлы заново.
-- severity: warn
SELECT source, code, text, sum(times) AS times
FROM ops.load_warnings
WHERE startsWith(code, 'unknown_') AND load_id IN (SELECT load_id FROM ops.published)
GROUP BY source, code, text
ORDER BY times DESC, source, code, text
