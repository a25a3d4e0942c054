# docker build --tag docgraph .
# Where builds must be repeatable to the byte, add the base image's digest: --build-arg PYTHON_IMAGE=python:…@sha256:…
ARG PYTHON_IMAGE=python:3.13.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS builder

RUN python -m venv /venv
# The lock file alone: this layer is made again when a dependency changes, not when the code does. Every package has a
# wheel for amd64 and arm64; with --only-binary one that has none fails here instead of asking for a compiler.
COPY requirements.lock /build/requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    /venv/bin/pip install --disable-pip-version-check --no-deps --require-hashes --only-binary :all: \
      --requirement /build/requirements.lock

WORKDIR /app
COPY service/ service/
COPY schemas/ schemas/
# Compiled here, as the running container cannot write. The command is made by hand because installing the project
# would fetch a build system that no lock file holds. pip has done its work and would be of use only to an intruder.
RUN python -m compileall -q service schemas && \
    printf '%s\n' '#!/venv/bin/python' 'from service.cli import main' 'main()' > /venv/bin/docgraph && \
    chmod 755 /venv/bin/docgraph && \
    /venv/bin/pip uninstall --yes --quiet pip


FROM ${PYTHON_IMAGE}

ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="docgraph" \
      org.opencontainers.image.description="Document events on RabbitMQ become a knowledge graph in Neo4j" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.licenses="Apache-2.0"

# A number, because Kubernetes cannot tell from a name that it is not root. No home and no shell: nobody logs in.
RUN groupadd --gid 10001 docgraph && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin docgraph

# Owned by root: the service cannot change its own code.
COPY --from=builder /venv /venv
COPY --from=builder /app /app
COPY LICENSE /app/LICENSE

# Unbuffered, or the last log lines of a killed process are lost.
ENV PATH=/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

WORKDIR /app
USER 10001:10001
EXPOSE 8000

# For Docker and Compose; Kubernetes has probes of its own. Liveness, not readiness: a restart does not mend a broker.
# The start period is longer than DOCGRAPH_STARTUP_TIMEOUT.
HEALTHCHECK --interval=10s --timeout=5s --start-period=45s --retries=3 \
    CMD ["python", "-c", "from http.client import HTTPConnection as C; c = C('127.0.0.1', 8000, timeout=4); c.request('GET', '/livez'); raise SystemExit(c.getresponse().status != 200)"]

# Stops consuming and finishes what is in flight. `docker stop` waits 10 s by default, DOCGRAPH_SHUTDOWN_GRACE is 25 s:
# docker stop --timeout 45
STOPSIGNAL SIGTERM

# In exec form, so that the service is process 1 and gets the signal. One process per container: more of them is the
# orchestrator's affair, which sees and restarts each.
CMD ["faststream", "run", "service.app:app", "--host", "0.0.0.0", "--port", "8000"]
