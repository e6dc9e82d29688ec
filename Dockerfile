# Calliope in a small image. It listens on every address of its container, so it does not start without
# CALLIOPE_API_KEY.

FROM rust:1-bookworm AS build
WORKDIR /src
# Build the dependencies first, because they change less often than the source.
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo .cargo
COPY crates crates
RUN mkdir -p src benches \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && for bench in events offline search service sparrows storytellers; do echo 'fn main() {}' > "benches/$bench.rs"; done \
    && cargo build --profile dist --locked --bin calliope
COPY migrations migrations
COPY src src
COPY config config
RUN touch src/main.rs src/lib.rs && cargo build --profile dist --locked --bin calliope

FROM debian:bookworm-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin calliope \
    && mkdir -p /app/data /app/media /app/input /app/audio /app/voice_profiles \
    && chown -R calliope:calliope /app
WORKDIR /app
COPY --from=build /src/target/dist/calliope /usr/local/bin/calliope
COPY config config
USER 10001
ENV HOST=0.0.0.0 PORT=8008 MALLOC_MMAP_THRESHOLD_=1048576
EXPOSE 8008
VOLUME ["/app/data", "/app/media", "/app/input", "/app/audio", "/app/voice_profiles"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=12s --start-period=10s CMD ["calliope", "healthcheck"]
ENTRYPOINT ["calliope"]
