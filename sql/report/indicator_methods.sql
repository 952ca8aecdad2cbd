-- How each indicator of the passport is counted.
SELECT indicator, method_name, explanation
FROM marts.indicator_methods
ORDER BY indicator
