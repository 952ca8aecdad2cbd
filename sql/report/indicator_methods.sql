-- Which way each indicator of the passport is counted; its words stand in reference/labels.yaml.
SELECT indicator, method
FROM marts.indicator_methods
ORDER BY indicator
