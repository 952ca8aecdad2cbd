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

-- A text without percent-encoding, also where it was encoded twice.
CREATE OR REPLACE FUNCTION metrica_decoded AS (text) -> if(
    position(text, '%') > 0 OR position(text, '+') > 0,
    decodeURLComponent(decodeURLComponent(replaceAll(text, '+', ' '))),
    text);

-- Its words in small letters, each between single blanks; IvanovIvan is two words.
CREATE OR REPLACE FUNCTION metrica_words AS (decoded) -> concat(
    ' ',
    replaceRegexpAll(
        lowerUTF8(replaceRegexpAll(decoded, '(\\p{Ll})(\\p{Lu})', '\\1 \\2')), '[^\\p{L}\\p{N}]+', ' '),
    ' ');

-- The same with a letter for each date and for years beside each other, which are no number of a person.
CREATE OR REPLACE FUNCTION metrica_undated AS (words) -> replaceRegexpAll(
    words,
    concat(
        '\\b(?:(?:19|20)[0-9]{2} ?(?:0[1-9]|1[0-2]) ?(?:0[1-9]|[12][0-9]|3[01])',
        '|(?:0?[1-9]|[12][0-9]|3[01]) (?:0?[1-9]|1[0-2]) (?:19|20)[0-9]{2}',
        '|(?:19|20)[0-9]{2}(?: (?:19|20)[0-9]{2})+)\\b'),
    'd');

-- Nine digits together, ten in groups, a foreign passport, a car's plate, a flat.
CREATE OR REPLACE FUNCTION metrica_has_number AS (words) -> match(words, '[0-9]') AND match(
    metrica_undated(words),
    concat(
        '[0-9]{9}|[0-9](?: ?[0-9]){9}|\\b[0-9]{2} [0-9]{7}\\b',
        '| [abekmhopctyxавекмнорстух] ?[0-9]{3}',
        ' ?[abekmhopctyxавекмнорстух]{2} ?[0-9]{2,3} ',
        '| (?:kv|kvartira|кв|квартира) ?[0-9]+ '));

-- Letters and digits, or small and capital letters, in a change that no word has.
CREATE OR REPLACE FUNCTION metrica_has_token AS (decoded) -> arrayExists(
    run -> match(run, '(?:[A-Za-z]+[0-9]+){2}[A-Za-z]|(?:[0-9]+[A-Za-z]+){2}[0-9]')
        OR length(run) >= 16 AND match(run, '(?:[a-z]+[A-Z]+){4}'),
    extractAll(decoded, '[A-Za-z0-9]{8,}'));

-- Words with a name of a person among them.
CREATE OR REPLACE FUNCTION metrica_has_name AS (words) -> match(
    replaceRegexpAll(
        replaceRegexpAll(words, {{ names.doubtful | literal }}, ' ¤ '),
        {{ names.given | literal }},
        ' § '),
    {{ names.name | literal }});

-- Whether a decoded text, whose words are given too, holds what numbers, mails or tokens are written with.
CREATE OR REPLACE FUNCTION metrica_has_sign AS (decoded, words) -> NOT isValidUTF8(decoded)
    OR match(decoded, '[@=]')
    OR metrica_has_number(words)
    OR metrica_has_token(decoded);

-- Whether any piece of these decoded texts may be personal: a cheap search, which few addresses pass.
CREATE OR REPLACE FUNCTION metrica_are_doubtful AS (decoded) -> arrayMap(
    (text, words) -> metrica_has_sign(text, words) OR match(words, {{ names.hint | literal }}),
    decoded,
    arrayMap(text -> metrica_words(text), decoded));

-- The texts with *** for those that may name a person or let in as one. All of them at once: the patterns of
-- names are long, and a view that holds them once is analysed in a third of the time.
CREATE OR REPLACE FUNCTION metrica_masked AS (texts) -> arrayMap(
    (text, decoded, words) ->
        if(metrica_has_sign(decoded, words) OR metrica_has_name(words), '***', text),
    texts,
    arrayMap(text -> metrica_decoded(text), texts),
    arrayMap(text -> metrica_words(metrica_decoded(text)), texts));

CREATE OR REPLACE FUNCTION metrica_after_scheme AS (url) -> replaceRegexpOne(url, '(?i)^https?://', '');

-- Path and listed keys of the query, as they stand in the address.
CREATE OR REPLACE FUNCTION metrica_path AS (url) -> replaceRegexpOne(
    replaceRegexpAll(extract(metrica_after_scheme(url), '^[^/?#]*(/[^?#]*)'), ';[^/]*=[^/]*', ''),
    '(?is)(/(?:{{ private_sections | join('|') }})/)[^/].*$',
    '\\1***');

CREATE OR REPLACE FUNCTION metrica_pairs AS (url) -> if(
    position(url, '?') = 0,
    [],
    arrayFilter(
        pair -> lower(extract(pair, '^([^=]+)=')) IN ({{ query_keys | map('literal') | join(', ') }}),
        splitByChar('&', extract(url, '^[^?#]*\\?([^#]*)'))));

CREATE OR REPLACE FUNCTION metrica_joined AS (path, pairs) ->
    concat(path, if(empty(pairs), '', '?'), arrayStringConcat(pairs, '&'));

CREATE OR REPLACE FUNCTION metrica_value AS (pair) -> extract(pair, '=((?s).*)');

-- A pair of the query with its value as it was masked; a value that is no plain word or number is *** too.
CREATE OR REPLACE FUNCTION metrica_pair AS (pair, masked) -> concat(
    extract(pair, '^[^=]*='),
    if(
        lengthUTF8(pair) <= 80
            AND match(metrica_decoded(metrica_value(pair)), '^[\\p{L}\\p{N}_., :{}-]*$'),
        masked,
        '***'));

-- Path and query with *** for each part of the path and each value that is personal.
CREATE OR REPLACE FUNCTION metrica_page AS (path, pairs) -> arrayMap(
    (segments, masked) -> metrica_joined(
        arrayStringConcat(arraySlice(masked, 1, segments), '/'),
        arrayMap((pair, text) -> metrica_pair(pair, text), pairs, arraySlice(masked, segments + 1))),
    [length(splitByChar('/', path))],
    [metrica_masked(arrayConcat(splitByChar('/', path), arrayMap(pair -> metrica_value(pair), pairs)))])[1];

-- Host and port, without user.
CREATE OR REPLACE FUNCTION metrica_host AS (url) ->
    extract(metrica_after_scheme(url), '^(?:[^/?#]*@)?([^/?#]*)');

-- Whether it is the address of a page: mailto:, tel:, file: and a sentence are none.
CREATE OR REPLACE FUNCTION metrica_has_scheme AS (url) -> match(url, '(?i)^(?:https?:/)?/');
CREATE OR REPLACE FUNCTION metrica_is_page AS (url, host, is_host_doubtful) ->
    match(host, '^[\\p{L}\\p{N}._-]*(?::[0-9]+)?$')
        AND (metrica_has_scheme(url) OR match(url, '^[^/?#@]+[.][^/?#@]+') AND NOT is_host_doubtful);

-- An address without user, fragment and what of path and query may be a person's; *** if it is of no page.
-- An array's function runs for all rows, whatever `if` says: what need not be read is empty. The arrays of
-- one element bind what is used more than once: a function's text is copied for each use.
CREATE OR REPLACE FUNCTION metrica_address AS (url) -> arrayMap(
    (host, path, pairs) -> arrayMap(
        doubtful -> arrayMap(
            (is_page, is_read) -> multiIf(
                NOT is_page,
                '***',
                is_read,
                concat(
                    extract(url, '(?i)^https?://'),
                    host,
                    metrica_page(if(is_read, path, ''), if(is_read, pairs, []))),
                concat(extract(url, '(?i)^https?://'), host, metrica_joined(path, pairs))),
            [url = '' OR metrica_is_page(url, host, doubtful[1])],
            [doubtful[2] OR arrayExists(pair -> NOT match(pair, '^\\w+=[\\w.,-]{0,40}$'), pairs)])[1],
        [metrica_are_doubtful([
            if(metrica_has_scheme(url), '', host),
            metrica_decoded(concat(
                path, ' ', arrayStringConcat(arrayMap(pair -> metrica_value(pair), pairs), ' ')))])])[1],
    [metrica_host(url)],
    [metrica_path(url)],
    [metrica_pairs(url)])[1];

-- An array's literal. In dialect A it was escaped once more, as a whole: [\'a\',\'b\'] for ['a','b'].
CREATE OR REPLACE FUNCTION metrica_literal AS (cell) ->
    if(startsWith(cell, '[\\\''), metrica_unescaped(cell), cell);

-- Whether a literal is an array of quoted strings or bare words; one that is not is quarantined.
CREATE OR REPLACE FUNCTION metrica_is_strings AS (literal) -> match(
    literal,
    concat(
        '^(?s)\\[(?:(?:''(?:[^''\\\\]|\\\\.)*''|[^'',\\[\\]]+)',
        '(?:,(?:''(?:[^''\\\\]|\\\\.)*''|[^'',\\[\\]]+))*)?\\]$'));

-- The elements, masked.
CREATE OR REPLACE FUNCTION metrica_strings AS (literal) -> metrica_masked(
    arrayMap(
        element -> if(
            startsWith(element, ''''),
            metrica_unescaped(substring(element, 2, length(element) - 2)),
            element),
        extractAll(substring(literal, 2, length(literal) - 2), '(?s)''(?:[^''\\\\]|\\\\.)*''|[^'',]+')));
