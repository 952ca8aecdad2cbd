-- What a source has published since an instant: files with the hash of their content, or (with a dataset)
-- counters with their days.
SELECT
    if({dataset:String} = '', substring(unit, length(source) + 2), splitByChar('/', unit_key)[1]) AS name,
    if({dataset:String} = '', unit_key, '') AS version,
    arraySort(groupUniqArray(splitByChar('/', unit_key)[2])) AS days
FROM ops.load_events
WHERE source = {source:String} AND dataset = {dataset:String}
    AND status = 'published' AND at >= {since:DateTime64(6, 'UTC')}
GROUP BY name, version
ORDER BY name, version
