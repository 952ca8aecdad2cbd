{#- The word of reference/labels.yaml for a code; the code itself where there is none. -#}
{%- macro word(code, words) -%}
transform(
    toString({{ code }}),
    [{{ words.keys() | map('literal') | join(', ') }}],
    [{{ words.values() | map('literal') | join(', ') }}],
    toString({{ code }}))
{%- endmacro %}
