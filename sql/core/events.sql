-- One row per event. An event is a date and a title, with case and spaces ignored.
SELECT
    held_on,
    title_key,
    title,
    arrayMap(place -> place.1, places) AS sheets,
    arrayMap(place -> place.2, places) AS load_ids
FROM
(
    SELECT
        held_on,
        replaceRegexpAll(lowerUTF8(e.title), '\\s+', '') AS title_key,
        min(e.title) AS title,
        arraySort(groupUniqArray((e.sheet, e.load_id))) AS places
    FROM core.event_rows AS e
    WHERE (unit_key, load_id) IN (SELECT unit_key, load_id FROM ops.published WHERE source = 'registers')
    GROUP BY held_on, title_key
)
