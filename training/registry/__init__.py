"""MLflow: runs, versions, the champion alias, promotion."""
