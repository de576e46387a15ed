# The mock DMP and the harness. Build: docker build -t dmpcompat .
# Run the mock: docker run -p 8443:8443 -v dmp:/data dmpcompat
# Anything else: docker run --rm -v "$PWD:/ici" -w /ici dmpcompat check documents/
FROM python:3.12-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 dmpcompat && install -d -o dmpcompat -g dmpcompat /data
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels dmpcompat
COPY --chmod=755 docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
USER dmpcompat
WORKDIR /data
VOLUME /data
EXPOSE 8443
ENV DMPCOMPAT_HOME=/data/home PYTHONUNBUFFERED=1
# Asks the control API over mutual TLS, with a certificate of the PKI that the mock serves with.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["docker-entrypoint.sh", "healthy"]
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["serve"]
