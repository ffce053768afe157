"""The model registry in MLflow: runs, versions, the champion alias; and promotion of a version to a home."""
