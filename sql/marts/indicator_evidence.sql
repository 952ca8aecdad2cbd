-- Indicator × month × part: what each value was computed from, by sql/evidence. The parts add up to numerator
-- and denominator exactly.
{%- for code in indicators %}
{{ 'UNION ALL' if not loop.first }}
SELECT
    '{{ code }}' AS indicator, month, kind, part, numerator_part, denominator_part, load_ids, sources
FROM
(
{% include 'evidence/' ~ code ~ '.sql' %}
)
{%- endfor %}
