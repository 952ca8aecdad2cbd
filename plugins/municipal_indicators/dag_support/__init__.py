"""What DAG files share: assets, schedules, retries and the tasks of file sources; light to import."""
