-- Files that were not loaded, and files with rows in quarantine: one problem a file. Of Metrica one a
-- counter, since a fault there is that of many days.
{%- from 'macros/words.sql' import word %}
SELECT
    kind,
    concat(source, ': ', thing) AS subject,
    -- What has to differ to be told again: of a file how much, of a counter, which fails anew each night,
    -- why.
    concat(
        multiIf(source = 'metrica', '', kind = 'rejected', toString(count()), toString(sum(rows))),
        ' ',
        arrayStringConcat(arraySort(groupUniqArray(reason)), '; ')) AS state,
    concat(
        if(
            kind = 'rejected',
            concat('Не загружено: ', thing, if(count() > 1, concat(' (', toString(count()), ')'), '')),
            concat('Строк в карантине: ', toString(sum(rows)), ', ', thing)),
        '. ',
        arrayStringConcat(arraySlice(arraySort(groupUniqArray(reason)), 1, 3), '; ')) AS what,
    concat({{ word('source', labels.sources) }}, ', ', thing) AS place,
    formatDateTime(min(day), '%d.%m.%Y') AS since,
    toString(source) AS about
FROM
(
    SELECT
        kind,
        source,
        reason,
        day,
        rows,
        if(source = 'metrica', concat('счётчик ', splitByChar('/', unit)[1]), unit) AS thing
    FROM marts.data_problems
    WHERE kind IN ('rejected', 'quarantined')
)
GROUP BY kind, source, thing
ORDER BY kind, subject
