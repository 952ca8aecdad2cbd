"""The demo: real DAG runs over an emulated API and a written inbox, from 2022 into the month under way."""
