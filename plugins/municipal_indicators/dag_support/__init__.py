"""What DAG files share: assets, schedules, retries, the tasks of file sources; light to import."""
