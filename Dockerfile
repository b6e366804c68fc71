# Thin on purpose: everything it does is in deploy/install.sh and deploy/entrypoint.sh, which the tests run.
FROM debian:12-slim

RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 yingshou

WORKDIR /app
COPY deploy/install.sh deploy/install.sh
COPY requirements requirements
COPY pyproject.toml README.md ./
COPY platform platform
COPY receivables receivables
RUN deploy/install.sh production && rm -rf /var/lib/apt/lists/*

COPY . .
# Beside the program, not in the data folder: that one is a volume, which would keep the files of an older image.
ENV YINGSHOU_STATIC_ROOT=/app/.static
RUN deploy/entrypoint.sh collectstatic && chmod -R a+rX .static && mkdir -p /data && chown yingshou /data

USER yingshou
ENV YINGSHOU_DATA_DIR=/data
EXPOSE 8000
ENTRYPOINT ["deploy/entrypoint.sh"]
CMD ["web"]
