-- Functions of the staging views of Metrica logs.

-- A cell without its outer quotes, which the service writes as in CSV around a cell that holds a quote.
CREATE OR REPLACE FUNCTION metrica_unquoted AS (cell) -> if(
    length(cell) > 1 AND startsWith(cell, '"') AND endsWith(cell, '"')
        AND position(replaceAll(substring(cell, 2, greatest(length(cell), 2) - 2), '""', ''), '"') = 0,
    replaceAll(substring(cell, 2, greatest(length(cell), 2) - 2), '""', '"'),
    cell);

-- The escapes of TabSeparated; cut at \\ first, so that no backslash is read twice.
CREATE OR REPLACE FUNCTION metrica_unescaped AS (cell) -> arrayStringConcat(
    arrayMap(
        text -> replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(replaceAll(
            text,
            '\\t', '\t'), '\\n', '\n'), '\\r', '\r'), '\\''', ''''), '\\0', '\0'), '\\b', '\b'), '\\f', '\f'),
        splitByString('\\\\', cell)),
    '\\');

-- Masks what looks like an e-mail address, a telephone or SNILS of a visitor among the values in a form's
-- address. The first search is cheap and nearly always finds nothing; only where it finds something is the
-- address replaced.
CREATE OR REPLACE FUNCTION metrica_masked AS (url) -> if(
    position(url, '=') > 0 AND multiMatchAny(url, ['@|%40|9[0-9]{9}|[0-9]{3}-[0-9]{3}-[0-9]{3}']),
    replaceRegexpAll(
        url,
        concat(
            '([=+:;,]|%20)(?:[\\w.%+-]+(?:@|%40)[\\w-]+(?:\\.[\\w-]+)+|(?:\\+|%2B)?[78]?9\\d{9}\\b',
            '|\\d{3}-\\d{3}-\\d{3}(?:[ +-]|%20)\\d{2}\\b)'),
        '\\1***'),
    url);

-- An array's literal. In dialect A it was escaped once more, as a whole: [\'a\',\'b\'] for ['a','b'].
CREATE OR REPLACE FUNCTION metrica_literal AS (cell) ->
    if(startsWith(cell, '[\\\''), metrica_unescaped(cell), cell);

-- Whether a literal is an array of quoted strings or bare words; one that is not is quarantined.
CREATE OR REPLACE FUNCTION metrica_is_strings AS (literal) -> match(
    literal,
    concat(
        '^(?s)\\[(?:(?:''(?:[^''\\\\]|\\\\.)*''|[^'',\\[\\]]+)',
        '(?:,(?:''(?:[^''\\\\]|\\\\.)*''|[^'',\\[\\]]+))*)?\\]$'));

-- The elements, masked like the values of a form. Each step binds its result, so that it is not written out
-- again at each use.
CREATE OR REPLACE FUNCTION metrica_strings AS (literal) -> arrayMap(
    value -> substring(metrica_masked(value), 2),
    arrayMap(
        element -> concat('=', if(
            startsWith(element, ''''),
            metrica_unescaped(substring(element, 2, length(element) - 2)),
            element)),
        extractAll(substring(literal, 2, length(literal) - 2), '(?s)''(?:[^''\\\\]|\\\\.)*''|[^'',]+')));
