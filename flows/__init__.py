"""The hallway: Prefect, clock, environment and command line. Start at ``flows/monitor.py``."""
