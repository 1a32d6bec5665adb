# Two stages: the first builds the wheel and its environment, the second holds that environment and nothing to build with.
# glibc, not musl: the wheels of the dependencies are made for it.
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY uns uns
COPY adapters adapters
RUN python -m venv /opt/uns \
 && pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
 && /opt/uns/bin/pip install --no-cache-dir -c constraints.txt "$(ls /wheels/*.whl)[opcua,modbus]"

FROM python:3.12-slim
COPY --from=build /opt/uns /opt/uns
RUN groupadd --system --gid 10001 uns \
 && useradd --system --uid 10001 --gid uns --home-dir /data --shell /usr/sbin/nologin uns \
 && install --directory --owner uns --group uns /data
ENV PATH=/opt/uns/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /data
USER 10001:10001
EXPOSE 1883 8883 8080 8443
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 CMD ["uns", "health"]
ENTRYPOINT ["uns"]
CMD ["serve", "/plant", "--data", "/data"]
