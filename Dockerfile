# One image for every role: `docker run c1 run build-candles`. Its default command is everything in one process.
FROM node:24-bookworm-slim AS manifests
WORKDIR /app
COPY . .
# What npm needs to know, apart from the sources: so that the next stage is cached until a dependency changes.
RUN mkdir /manifests && cp --parents package.json package-lock.json .npmrc packages/*/package.json apps/*/package.json /manifests

FROM node:24-bookworm-slim AS modules
WORKDIR /app
COPY --from=manifests /manifests ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts

FROM modules AS page
COPY tsconfig.base.json ./
COPY packages packages
COPY apps apps
RUN node apps/show-dashboard/src/build-page.ts

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=modules /app/node_modules node_modules
COPY package.json LICENSE ./
COPY packages packages
COPY apps apps
COPY --from=page /app/apps/show-dashboard/dist apps/show-dashboard/dist
RUN install -d -o node -g node /data
# Listens for the other containers; what of it is published, and where, is the host's decision.
ENV C1_DATA_DIR=/data C1_HTTP_HOST=0.0.0.0
VOLUME /data
USER node
EXPOSE 7070 7071
ENTRYPOINT ["node", "apps/c1/src/main.ts"]
CMD ["up"]
