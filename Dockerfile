# The image of Antiphon: its wheel, and what requirements.lock pins by hash, in a virtual environment. Nothing that builds
# is in it, and nobody in it is root. docker-compose.yml builds it; by hand: docker build --tag antiphon .

ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1 \
    PIP_ROOT_USER_ACTION=ignore
RUN ["python", "-m", "venv", "--without-pip", "/opt/antiphon"]
WORKDIR /src
# First what changes seldom: a change of the code alone installs nothing anew.
COPY requirements.lock ./
RUN ["python", "-m", "pip", "--python", "/opt/antiphon", "install", "--require-hashes", "--requirement", "requirements.lock"]
COPY pyproject.toml README.md LICENSE ./
COPY streams ./streams
# pip builds the wheel with what the lock has for that, installs it, and what built it is taken out again.
RUN ["python", "-m", "pip", "--python", "/opt/antiphon", "install", "--no-deps", "--no-build-isolation", "."]
RUN ["python", "-m", "pip", "--python", "/opt/antiphon", "uninstall", "--yes", "hatchling", "editables"]

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Antiphon" \
      org.opencontainers.image.description="Tells when official State accounts start amplifying an account that is not officially theirs" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 antiphon \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/antiphon --shell /usr/sbin/nologin antiphon \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/antiphon
COPY --from=build /opt/antiphon /opt/antiphon
# The ledgers are a cache on a local disk; /metrics and /healthz must be reached from other containers.
ENV PATH=/opt/antiphon/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ANTIPHON_DATA_DIR=/var/lib/antiphon \
    ANTIPHON_LOG_FORMAT=json \
    ANTIPHON_METRICS_HOST=0.0.0.0 \
    ANTIPHON_METRICS_PORT=9100
USER 10001:10001
WORKDIR /var/lib/antiphon
EXPOSE 9100
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:9100/healthz', timeout=4)"]
ENTRYPOINT ["antiphon"]
CMD ["worker"]
