# The sidecar as an image: wheel built once, nobody at run time, read-only root file system.
#
#   docker run --read-only --cap-drop ALL --security-opt no-new-privileges \
#     -v ./sidecar.yaml:/etc/sidecar/sidecar.yaml:ro -v ./keys:/run/secrets:ro \
#     -v sidecar-data:/data -p 8080:8080 sidecar
#
# Only /data is written (SQLite; nothing at all with PostgreSQL). It must belong to 65532.

ARG PYTHON=3.12

FROM docker.io/library/python:${PYTHON}-slim AS build
# `--build-arg EXTRAS=aws,postgres,sentry` where root keys lie at AWS.
ARG EXTRAS=postgres,sentry
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY sidecar sidecar
COPY plugins plugins
COPY templates templates
# The environment is made where it will lie, so that its scripts name the right interpreter.
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheel . \
 && python -m venv --without-pip /opt/sidecar \
 && python -m pip --python /opt/sidecar/bin/python install --no-cache-dir \
      "$(echo /wheel/*.whl)[${EXTRAS}]" \
 && python -m compileall -q -j 0 /opt/sidecar/lib

FROM docker.io/library/python:${PYTHON}-slim
COPY --from=build /opt/sidecar /opt/sidecar
ENV PATH=/opt/sidecar/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, because runAsNonRoot cannot judge a name; 65532 owns nothing in the image.
USER 65532:65532
WORKDIR /etc/sidecar
EXPOSE 8080 8005
# A raw socket and no site packages: starting the whole command would cost three times as much.
# Kubernetes ignores this line; use httpGet probes on port 8005 there.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s CMD ["python3", "-I", "-S", "-c", \
  "import socket,sys;s=socket.create_connection(('127.0.0.1',8005),2);s.sendall(b'GET /health/live HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n');sys.exit(s.recv(12)[-3:]!=b'200')"]
ENTRYPOINT ["sidecar"]
CMD ["serve", "--config", "/etc/sidecar/sidecar.yaml"]
