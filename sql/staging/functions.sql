-- Functions of the staging views of tables. The engine copies a function's text into the views that use it: a
-- change here re-creates them all.

-- Dates as people write them (see spreadsheets/dates.py), as ISO text.
CREATE OR REPLACE FUNCTION spelled_moment AS (text) -> multiIf(
    match(text, '^\\d{2}\\.\\d{2}\\.\\d{4}( |$)'),
    concat(
        substring(text, 7, 4), '-', substring(text, 4, 2), '-', substring(text, 1, 2),
        substring(text, 11)),
    match(text, '^\\d{2}\\.\\d{2}\\.\\d{2}( |$)'),
    concat(
        '20', substring(text, 7, 2), '-', substring(text, 4, 2), '-', substring(text, 1, 2),
        substring(text, 9)),
    match(text, '^[2-6]\\d{4}(\\.\\d+)?$') AND toFloat64OrZero(text) BETWEEN 20000 AND 60000,
    toString(toDateTime64(round((toFloat64OrZero(text) - 25569) * 86400), 0, 'UTC')),
    replaceOne(text, 'T', ' '));

-- Whether a spelled moment has the shape of one, of the years 1900 to 2299.
CREATE OR REPLACE FUNCTION is_moment AS (spelled) -> match(
    spelled,
    concat(
        '^(19|20|21|22)\\d\\d-\\d\\d-\\d\\d( ([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?)?',
        '( ?(Z|[+-]\\d\\d:?\\d\\d))?$'));

-- The instant of a text in a zone; NULL for a text that is no date of those years.
CREATE OR REPLACE FUNCTION moment_or_null AS (text, zone) -> if(
    is_moment(spelled_moment(text)),
    parseDateTime64BestEffortOrNull(spelled_moment(text), 3, if(zone = '', 'UTC', zone)),
    NULL);

-- Why a text is no date of the years that a municipal programme can mean; empty when it is one.
CREATE OR REPLACE FUNCTION date_problem AS (moment, since, until) -> multiIf(
    isNull(moment), 'no date: expected dd.mm.yyyy, ISO 8601 or a date of Excel',
    toYear(moment) < since OR toYear(moment) > until,
    concat('the year is not between ', toString(since), ' and ', toString(until)),
    '');

-- The same of something that has happened or is near: a year beyond the next one is a slip of the pen.
CREATE OR REPLACE FUNCTION day_problem AS (moment, since) ->
    date_problem(moment, since, toYear(now('UTC')) + 1);

-- A counted repetition of all letters ({1,64}) is a huge automaton: the length is checked separately.
CREATE OR REPLACE FUNCTION is_code AS (text) ->
    lengthUTF8(text) <= 64 AND match(text, '^[\\p{L}\\p{N}./_-]+$');

-- One cell of a quarantined row as text; empty for a blank cell.
CREATE OR REPLACE FUNCTION shown_cell AS (name, text) -> if(text = '', '', concat(name, ': ', text));

CREATE OR REPLACE FUNCTION shown_row AS (cells) ->
    arrayStringConcat(arrayFilter(cell -> cell != '', cells), '; ');
