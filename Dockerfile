# Leadlight as one container: the command line and the service. The home and MLflow's folder are volumes.
FROM python:3.11-slim

# LightGBM needs OpenMP, which a slim image lacks.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir "uv>=0.5"

WORKDIR /srv/leadlight

# The dependencies alone first: they change less often than the code, so most builds reuse this layer.
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project --no-cache

COPY README.md LICENSE agreement.toml leadlight.py bentofile.yaml ./
COPY commands commands
COPY features features
COPY training training
COPY serving serving
COPY migrations migrations
RUN uv sync --frozen --no-dev --no-cache

# A user of its own: the code belongs to root and cannot be changed by the service.
RUN useradd --create-home --uid 10001 leadlight \
    && mkdir -p /var/lib/leadlight mlruns \
    && chown leadlight:leadlight /var/lib/leadlight mlruns
USER leadlight

ENV PATH="/srv/leadlight/.venv/bin:$PATH" \
    LEADLIGHT_HOME=/var/lib/leadlight
EXPOSE 3000
CMD ["leadlight", "serve", "--host", "0.0.0.0"]
