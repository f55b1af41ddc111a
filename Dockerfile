# PostgreSQL with customer_lifecycle:
#
#   docker build -t customer_lifecycle . && docker run -e POSTGRES_PASSWORD=secret -p 5432:5432 customer_lifecycle
#
# then CREATE EXTENSION customer_lifecycle. Another major version: --build-arg PG_MAJOR=18.
ARG PG_MAJOR=17

FROM postgres:${PG_MAJOR}-bookworm AS build
ARG PG_MAJOR
# hadolint ignore=DL3008
RUN apt-get update \
	&& apt-get install -y --no-install-recommends gcc libc6-dev make "postgresql-server-dev-${PG_MAJOR}" \
	&& rm -rf /var/lib/apt/lists/*
COPY . /src
WORKDIR /src
RUN make clean && make with_llvm=no && make with_llvm=no install DESTDIR=/installed

FROM postgres:${PG_MAJOR}-bookworm
COPY --from=build /installed/ /
