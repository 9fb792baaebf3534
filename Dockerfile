# syntax=docker/dockerfile:1

# Build: emits plain JavaScript; development dependencies stay behind in this stage.
FROM node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY config ./config
RUN npx tsc -p tsconfig.build.json \
 && npm prune --omit=dev --ignore-scripts

# Run: no root, no build tools, configuration at /etc/headgate/.
FROM node:24-bookworm-slim
ENV NODE_ENV=production
RUN groupadd --system --gid 10001 headgate \
 && useradd --system --uid 10001 --gid headgate --home-dir /var/lib/headgate --create-home --shell /usr/sbin/nologin headgate \
 && mkdir -p /etc/headgate /var/log/headgate \
 && chown headgate:headgate /var/log/headgate
WORKDIR /opt/headgate
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY --from=build /build/config ./config
RUN ln -s /opt/headgate/dist/main.js /usr/local/bin/headgate && chmod +x /opt/headgate/dist/main.js
COPY config/container.yaml /etc/headgate/headgate.yaml
USER headgate
EXPOSE 8080
# SIGQUIT lets requests in flight end; docker stop waits ten seconds by default, --stop-timeout gives more.
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["headgate"]
CMD ["run", "-c", "/etc/headgate/headgate.yaml"]
