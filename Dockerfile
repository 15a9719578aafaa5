ARG BASE=python:3.11-slim

FROM ${BASE} AS dependencies
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# pip gets a venv of its own, so that the one that ships has none.
RUN python3 -m venv /opt/pip && python3 -m venv --without-pip /opt/venv
WORKDIR /src
# Extras of the package, separated by commas: parquet, telemetry, ray.
ARG EXTRAS=
COPY pyproject.toml constraints.txt deploy/slim.py ./
# The dependencies come before the code, so that a change of code reinstalls nothing; and the build backend with
# them, so that the next stage needs no network. Unchecked .pyc files stay valid whatever copying does to time
# stamps, in an image that nobody can write to. What Uvicorn's extra brings for reloading, WebSockets and YAML is not
# used; Ray needs some of it.
RUN python3 -c 'import os, tomllib; project = tomllib.load(open("pyproject.toml", "rb")); \
      extras = filter(None, os.environ.get("EXTRAS", "").split(",")); \
      wanted = [one for extra in extras for one in project["project"]["optional-dependencies"][extra]]; \
      print(*project["build-system"]["requires"], sep="\n", file=open("build.txt", "w")); \
      print(*project["project"]["dependencies"], *wanted, sep="\n", file=open("run.txt", "w"))' \
 && /opt/pip/bin/pip install -c constraints.txt -r build.txt \
 && /opt/pip/bin/pip install cyclonedx-bom==7.5.0 \
 && /opt/pip/bin/pip --python /opt/venv/bin/python install --no-compile -c constraints.txt -r run.txt \
 && /opt/pip/bin/pip --python /opt/venv/bin/python check \
 && case ",$EXTRAS," in *,ray,*) ;; *) \
      /opt/pip/bin/pip --python /opt/venv/bin/python uninstall --yes PyYAML watchfiles websockets ;; esac \
 && python3 slim.py /opt/venv/lib/python3.*/site-packages \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/venv/lib

FROM dependencies AS application
COPY README.md ./
COPY app app
RUN /opt/pip/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /opt/pip/bin/pip --python /opt/venv/bin/python install \
      --no-compile --no-deps --no-index --root /install /wheels/*.whl \
 && /opt/venv/bin/python -m compileall -q --invalidation-mode unchecked-hash -s /install /install

# What is in the environment, as a CycloneDX document; the base image has one of its own.
RUN mkdir -p /install/srv \
 && cp -r /opt/venv /opt/complete && cp -r /install/opt/venv/. /opt/complete \
 && /opt/pip/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application --of JSON \
      --output-reproducible -o /install/srv/sbom.cdx.json /opt/complete/bin/python

FROM ${BASE} AS models
COPY models /srv/models
# A checkout made under a strict umask would be unreadable for the service's user.
RUN chmod -R a+rX /srv/models

FROM ${BASE}
# From what changes least to what changes most.
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=models /srv/models /srv/models
COPY --from=application /install /
# PYTHONSAFEPATH: `app` is the installed package, whatever the working directory holds.
# ORT_DISABLE_TELEMETRY: since 1.29, ONNX Runtime reports its use to Microsoft unless told not to.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    MODELS_DIR=/srv/models
ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="sentiment-service" \
      org.opencontainers.image.description="Is a text positive, negative or neutral? An LSTM, served over HTTP." \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
WORKDIR /srv
# A number, so that Kubernetes' runAsNonRoot can tell without reading /etc/passwd.
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Without a proxy: Docker may have put the host's into the environment. The certificate is for others to check: it names
# another host than this.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, ssl; from urllib.request import HTTPSHandler, ProxyHandler, build_opener; \
         get = os.environ.get; admin = get('ADMIN_PORT'); tls = ssl.create_default_context(); \
         tls.check_hostname = False; tls.verify_mode = ssl.CERT_NONE; \
         scheme = 'https' if get('TLS_CERT') and not admin else 'http'; \
         build_opener(ProxyHandler({}), HTTPSHandler(context=tls)).open( \
         scheme + '://127.0.0.1:' + (admin or get('PORT')) + '/health/ready', timeout=4)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
