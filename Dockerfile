# One process, one data directory. Runs as a user without a name or a home, on a read-only root file system:
#   docker run --read-only --tmpfs /tmp -v pageturner:/data -v ./runbooks:/runbooks:ro --env-file .env pageturner
FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements.lock .
RUN python -m venv /app/venv \
 && /app/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.lock

FROM python:3.11-slim
LABEL org.opencontainers.image.title="pageturner" \
      org.opencontainers.image.description="A Slack-native ChatOps bot for on-call"
COPY --from=build /app/venv /app/venv
COPY bot /app/bot
COPY runbooks /runbooks
WORKDIR /app
ENV PATH=/app/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PAGETURNER_DATABASE=/data/pageturner.db \
    PAGETURNER_RUNBOOKS=/runbooks \
    PAGETURNER_LISTEN=0.0.0.0:8080
RUN mkdir /data && chown 65532:65532 /data
VOLUME /data
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["python", "-m", "bot"]
CMD ["serve"]
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
