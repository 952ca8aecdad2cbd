{#- Host and path of a URL, without user, port, query and fragment; never fails, whatever the URL. -#}
{% macro page(url) -%}
replaceRegexpOne(
        replaceRegexpOne(replaceRegexpOne({{ url }}, '^[A-Za-z][A-Za-z0-9+.-]*://', ''), '(?s)[?#].*$', ''),
        '^(?:[^/@]*@)?([^/:]*)(?::[0-9]*)?',
        '\\1'
    )
{%- endmacro %}
