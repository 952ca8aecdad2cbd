-- Years and dates of a load whose cash is above the plan of the file or above that of the passport.
SELECT year, as_of, executed, plan, toDecimal64(funding, 2) AS passport
FROM
(
    SELECT
        year,
        as_of,
        countIf(item != '') > 0 AS has_items,
        if(has_items, sumIf(b.executed, item != ''), sum(b.executed)) AS executed,
        if(has_items, sumIf(b.plan, item != ''), sum(b.plan)) AS plan,
        {years:Array(UInt16)} AS years,
        {funding:Array(Float64)}[indexOf(years, year)] AS funding
    FROM core.budget_rows AS b
    WHERE unit_key = {unit_key:String} AND load_id = {load_id:UUID}
    GROUP BY year, as_of
)
WHERE executed > plan OR (has(years, year) AND executed > passport)
ORDER BY year, as_of
