FROM python:3.12-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

# The data folder belongs to the service's user before the volume is mounted, which then takes over the owner.
RUN useradd --uid 10001 --create-home graphcrm \
    && install -d -o graphcrm -g graphcrm -m 0700 /var/lib/graphcrm

WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY graphcrm graphcrm
COPY api api
COPY viz viz
COPY cypher cypher
RUN pip install -c constraints.txt . && rm -rf /src

WORKDIR /var/lib/graphcrm
USER graphcrm
ENV GRAPHCRM_HOME=/var/lib/graphcrm
VOLUME /var/lib/graphcrm
EXPOSE 8000
CMD ["graphcrm", "serve", "--host", "0.0.0.0", "--port", "8000"]
