-- How each indicator of the passport is counted. The words are in reference/labels.yaml.
SELECT indicator, method
FROM marts.indicator_methods
ORDER BY indicator
