-- Days of sites whose visits are loaded completely. Hits are left out: they must not hide late visits.
SELECT day FROM intermediate.site_calendar
