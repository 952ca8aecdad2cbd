-- Days of sites whose visits are loaded whole. No indicator is made of hits, and hits must not hide late visits.
SELECT day FROM core.site_calendar
